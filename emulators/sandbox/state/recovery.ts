import type { Executor } from "../executor/executor";
import type { Lifecycle } from "./lifecycle";
import type { Registry } from "./registry";

/**
 * Brings the records in line with what is left after a restart. All that ran
 * died with the former server, so what was started, or about to be, is stopped;
 * a create whose answer nobody got is stopped too, to be found by its name; a
 * delete is finished; a home that no record names is removed.
 */
export async function recover(
  registry: Registry,
  lifecycle: Lifecycle,
  executor: Executor,
): Promise<void> {
  for (const record of registry.all()) {
    if (record.state === "destroying") await lifecycle.erase(record);
    else if (record.state === "archiving") lifecycle.stopped(record);
    else if (!["stopped", "archived", "error"].includes(record.state)) {
      executor.makeHome(record.id, record.hostUid);
      lifecycle.stopped(record);
    }
  }
  for (const id of executor.knownHomes()) {
    if (!registry.get(id)) await executor.removeHome(id);
  }
}
