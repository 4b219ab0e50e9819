import type { LaunchView, LogEntry } from "../data/types";

/** Who did what an entry tells, as people read it; null for Slipway itself. */
export function whoOf({ by }: LogEntry): string | null {
  switch (by.kind) {
    case "slipway":
      return null;
    case "browser":
      return "you";
    case "token":
      return `token ${by.name}`;
  }
}

/** A launch and its log as plain text, to be sent to whoever can help. */
export function supportText(
  launch: LaunchView,
  entries: readonly LogEntry[],
): string {
  const head = [
    `launch ${launch.launchId}`,
    `skill ${launch.skillKey}@${launch.sha}`,
    `sandbox ${launch.sandboxId ?? "none"}`,
    `asked for ${new Date(launch.createdAt).toISOString()}`,
    `state ${launch.state}${launch.path ? `, ${launch.path}` : ""}`,
  ];
  if (launch.error) {
    head.push(`error ${launch.error.code}: ${launch.error.message}`);
  }
  return [...head, "", ...entries.map((one) => line(one, launch.createdAt))]
    .join("\n")
    .concat("\n");
}

function line(entry: LogEntry, from: number): string {
  const { at, generation, summary, what } = entry;
  const after = `+${((at - from) / 1000).toFixed(3)} s`.padStart(12);
  const who = whoOf(entry);
  return [
    ...[after, `g${generation}`, summary],
    ...("ms" in what && what.ms !== undefined ? [`${what.ms} ms`] : []),
    ...("error" in what && what.error ? [`[${what.error.code}]`] : []),
    ...("cause" in what ? [`(${what.cause})`] : []),
    ...(who ? [`by ${who}`] : []),
  ].join("  ");
}
