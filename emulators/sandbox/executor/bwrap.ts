import type { HomeDisk } from "./disks";
import { NODE_INSIDE, systemRoots } from "./host";
import type { Tools } from "./host";
import type { Limits } from "./limits";
import { prlimitArgs } from "./limits";

export const CONTROL_FD = 5;
const ARGS_FD = 4;
const SECCOMP_FD = 6;

/** Host paths, as the process that runs bwrap will see them. */
export interface Mounts {
  home: string;
  /** Mounted, it is the home; null where that is a plain folder. */
  disk: HomeDisk | null;
  /** Folder with the generated passwd, group, hosts, nsswitch.conf. */
  etc: string;
  /** Folder with supervisor.cjs and what it loads. */
  supervisor: string;
  egressSocket: string;
  snapshotRoot: string | null;
  /** The program itself, where it is not below /usr. */
  node: string | null;
  /** Shown at the same path inside: [host path, path inside]. */
  binds: [string, string][];
}

const HOST_ETC = [
  "ssl",
  "ca-certificates",
  "pki",
  "alternatives",
  "ld.so.cache",
  "localtime",
];

export const PATH_INSIDE =
  "/opt/slipway/bin:/opt/node/bin:/home/daytona/.local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * What goes through --args: on the command line it would be readable inside, at
 * /proc/1/cmdline, host paths and all.
 */
export function bwrapOptions(
  mounts: Mounts,
  limits: Limits,
  filtered: boolean,
): string[] {
  const { home, etc, supervisor, egressSocket, snapshotRoot } = mounts;
  const generated = ["passwd", "group", "hosts", "nsswitch.conf"];
  const proxy = "http://127.0.0.1:3128";
  const env: Record<string, string> = {
    HOME: "/home/daytona",
    USER: "daytona",
    LOGNAME: "daytona",
    PATH: PATH_INSIDE,
    LANG: "C.UTF-8",
    TERM: "xterm-256color",
    TMPDIR: "/tmp",
    http_proxy: proxy,
    https_proxy: proxy,
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    no_proxy: "127.0.0.1,localhost",
    NO_PROXY: "127.0.0.1,localhost",
  };
  return [
    ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"],
    ["--unshare-net", "--unshare-cgroup-try", "--disable-userns"],
    ["--uid", "1000", "--gid", "1000", "--hostname", "sandbox"],
    ["--new-session", "--die-with-parent"],
    // Set last, by bwrap itself: what it does before is not held to it.
    filtered ? ["--seccomp", String(SECCOMP_FD)] : [],
    systemRoots(),
    mounts.node ? ["--ro-bind", mounts.node, NODE_INSIDE] : [],
    HOST_ETC.flatMap((n) => ["--ro-bind-try", `/etc/${n}`, `/etc/${n}`]),
    generated.flatMap((n) => ["--ro-bind", `${etc}/${n}`, `/etc/${n}`]),
    ["--ro-bind", supervisor, "/opt/sandbox"],
    snapshotRoot ? ["--ro-bind", snapshotRoot, "/opt/slipway"] : [],
    mounts.binds.flatMap(([from, to]) => ["--ro-bind", from, to]),
    // /proc/sys is writable to the owner of the host's files where we are root.
    ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys"],
    ["--dev", "/dev", "--size", mib(limits.shmMiB), "--tmpfs", "/dev/shm"],
    // A tmpfs too, with half of the host's memory for its size.
    ["--remount-ro", "/dev"],
    ["--perms", "1777", "--size", mib(limits.tmpMiB), "--tmpfs", "/tmp"],
    ["--size", mib(limits.runMiB), "--tmpfs", "/run"],
    ["--ro-bind", egressSocket, "/run/egress.sock"],
    ["--bind", home, "/home/daytona", "--remount-ro", "/"],
    ["--chdir", "/home/daytona", "--clearenv"],
    Object.entries(env).flatMap(([k, v]) => ["--setenv", k, v]),
  ].flat();
}

const mib = (n: number) => String(n * 1024 * 1024);

/** The visible command: names only what exists inside. */
export function bwrapCommand(tools: Tools, limits: Limits): string[] {
  return [
    ...[tools.bwrap, "--args", String(ARGS_FD), "--"],
    ...[tools.prlimit, ...prlimitArgs(limits), "--"],
    ...[tools.node, "/opt/sandbox/supervisor.cjs"],
  ];
}
