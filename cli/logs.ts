import { isUnknown, type Client } from "./client";
import { follow, tellEnd } from "./follow";
import { seconds, type Output } from "./output";
import { log, type LogEntry } from "./shapes";

/** The newest entries of a sandbox that are shown. */
const LATELY = 100;

/** Tells the log of a launch until it has ended, or the newest of a sandbox's. Answers the exit code. */
export async function logs(
  client: Client,
  named: string,
  out: Output,
): Promise<0 | 1> {
  const path = encodeURIComponent(named);
  try {
    const told = printer(out);
    const launch = await follow(client, named, out, {
      async launch() {
        const found = await client.ask("GET", `/launches/${path}/log`, log);
        for (const entry of found.events) told(entry);
      },
      tick() {},
    });
    return tellEnd(launch, null, out);
  } catch (error) {
    if (!isUnknown(error)) throw error;
  }
  const found = await client.ask(
    "GET",
    `/sandboxes/${path}/log?limit=${LATELY}`,
    log,
  );
  found.events.toReversed().forEach(printer(out));
  return 0;
}

/** Tells each entry once. */
function printer(out: Output): (entry: LogEntry) => void {
  const told = new Set<string>();
  return (entry) => {
    if (told.has(entry.eventId)) return;
    told.add(entry.eventId);
    out.emit({ event: "log", ...entry });
    out.say(line(entry));
  };
}

function line({ at, by, summary, what }: LogEntry): string {
  const when = new Date(at).toISOString().slice(0, 19).replace("T", " ");
  const mark = what.ok === false ? "!" : " ";
  const took = what.ms === undefined ? "" : seconds(what.ms);
  const who = by.kind === "slipway" ? "" : `  [${by.name ?? by.kind}]`;
  return `${when} ${mark}${took.padStart(8)}  ${summary}${who}`;
}
