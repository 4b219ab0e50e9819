import type { Executor } from "../executor/executor";
import { NOT_DELETED } from "./lifecycle";
import type { Lifecycle } from "./lifecycle";
import type { Registry } from "./registry";

/**
 * Brings the records in line with what is left after a restart. All that ran
 * died with the former server, so what was started, or about to be, is stopped;
 * a create whose answer nobody got is stopped too, to be found by its name; a
 * delete is finished; a home that no record names is removed. An error that left
 * a home can be overcome: older servers said that of no start that had failed.
 */
export async function recover(
  registry: Registry,
  lifecycle: Lifecycle,
  executor: Executor,
): Promise<void> {
  for (const record of registry.all()) {
    if (record.state === "destroying") await lifecycle.erase(record);
    else if (record.state === "archiving") lifecycle.stopped(record);
    else if (record.state === "error") {
      const recoverable =
        executor.hasHome(record.id) &&
        !record.errorReason?.startsWith(NOT_DELETED);
      if (recoverable && !record.recoverable) {
        lifecycle.update(record.id, { recoverable });
      }
    } else if (record.state !== "stopped" && record.state !== "archived") {
      // One of another user's server is told so at its start, and is left alone.
      if (executor.lack(record.hostUid) === null) {
        executor.makeHome(record.id, record.hostUid);
      }
      lifecycle.stopped(record);
    }
  }
  for (const id of executor.knownHomes()) {
    if (!registry.get(id)) await executor.removeHome(id);
  }
}
