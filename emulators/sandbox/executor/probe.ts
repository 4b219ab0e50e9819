import { IsolationError, messageOf } from "../errors";
import type { Cell } from "./cell";

export type Isolation =
  | { ok: true; how: string }
  | { ok: false; how: string; reason: string; remedy: string };

interface Probe {
  uid: number;
  capabilities: string;
  noNewPrivileges: string;
  seccomp: string;
  interfaces: string[];
}

/** Looks at a running cell from inside; a wall that is missing is an error. */
export async function inspect(
  cell: Cell,
  hostUid: number | null,
  filtered: boolean,
): Promise<void> {
  const answer = await cell.fetch("/probe");
  const seen = (await answer.json()) as Probe;
  const outside = hostUid ?? process.getuid?.();
  const walls: [boolean, string][] = [
    [seen.uid === 1000, "it does not run as user 1000"],
    [
      cell.hostUids().every((uid) => uid === outside),
      `outside it is user ${cell.hostUids()}, not ${outside}`,
    ],
    [
      cell.descent().every((pid) => cell.processes().includes(pid)),
      "some of its processes are outside its group",
    ],
    [/^0+$/.test(seen.capabilities), "it has capabilities"],
    [seen.noNewPrivileges === "1", "it may gain privileges"],
    [!filtered || seen.seccomp === "2", "its system calls are not filtered"],
    [
      seen.interfaces.every((name) => name === "lo"),
      `it sees the network interfaces ${seen.interfaces.join(", ")}`,
    ],
  ];
  const missing = walls.filter(([stands]) => !stands).map(([, what]) => what);
  if (missing.length > 0) {
    throw new IsolationError(
      `A test sandbox is not isolated: ${missing.join("; ")}.`,
      "Report this with the versions of bubblewrap and of the kernel.",
    );
  }
}

/** bwrap says what failed only in words, so words are what we go by. */
const KNOWN: [RegExp, string, string][] = [
  [
    /setting up uid map: Permission denied|loopback: Failed RTM_NEWADDR/i,
    "This system restricts user namespaces with AppArmor (as Ubuntu 24.04 does).",
    "Allow them for bwrap with an AppArmor profile (/etc/apparmor.d/bwrap), or: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
  ],
  [
    /Creating new namespace failed|No permissions to create (a )?new namespace/i,
    "This system does not let us create user namespaces.",
    "Enable them: sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000. In a container, run it with --security-opt seccomp=unconfined.",
  ],
  [
    /Can't mount proc/i,
    "A container around us forbids mounting /proc.",
    "Run the container with --security-opt systempaths=unconfined, or run outside of it.",
  ],
];

export function explain(error: unknown): Isolation {
  const how = "bubblewrap";
  const said =
    error instanceof IsolationError ? error.reason : messageOf(error);
  for (const [pattern, reason, remedy] of KNOWN) {
    if (pattern.test(said)) {
      return { ok: false, how, reason: `${reason} (${said})`, remedy };
    }
  }
  const remedy =
    error instanceof IsolationError
      ? error.remedy
      : "Set DAYTONA_API_URL and DAYTONA_API_KEY to use Daytona instead of local sandboxes.";
  return { ok: false, how, reason: said, remedy };
}
