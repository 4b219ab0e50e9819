import { statSync } from "node:fs";
import { dirname } from "node:path";
import type { Mounts } from "./bwrap";

/**
 * Whether a user who owns nothing can reach `path`: each folder above it lets
 * others through.
 */
export function isReachable(path: string): boolean {
  for (let dir = dirname(path); ; dir = dirname(dir)) {
    if ((statSync(dir).mode & 0o001) === 0) return false;
    if (dir === "/") return true;
  }
}

/** Binds "$1" "$2" pairs onto a private tmpfs, then becomes "$@" after "--". */
const SCRIPT = `set -e
stage="$1"; shift
mount -t tmpfs -o mode=0711,size=1m tmpfs "$stage"
n=0
while [ "$1" != -- ]; do
  n=$((n + 1))
  if [ -d "$1" ]; then mkdir "$stage/$n"; else : > "$stage/$n"; fi
  mount --bind "$1" "$stage/$n"
  shift
done
shift
exec "$@"`;

export interface Staged {
  mounts: Mounts;
  /** Goes before the command; empty where nothing needs staging. */
  wrapper: string[];
}

/**
 * As root, bwrap runs as another user, who cannot pass through a folder like
 * /root. Such paths are first bound, by root and in a mount namespace of their
 * own that nobody else sees, to a place that user can reach.
 */
export function stageMounts(mounts: Mounts, id: number, stage: string): Staged {
  const hidden: string[] = [];
  const reach = (path: string): string => {
    if (isReachable(path)) return path;
    let index = hidden.indexOf(path);
    if (index < 0) index = hidden.push(path) - 1;
    return `${stage}/${index + 1}`;
  };
  const reachOrNull = (path: string | null) => (path ? reach(path) : null);
  const staged: Mounts = {
    home: reach(mounts.home),
    etc: reach(mounts.etc),
    supervisor: reach(mounts.supervisor),
    egressSocket: reach(mounts.egressSocket),
    snapshotRoot: reachOrNull(mounts.snapshotRoot),
    nodePrefix: reachOrNull(mounts.nodePrefix),
    binds: mounts.binds.map(([from, to]) => [reach(from), to]),
  };
  if (hidden.length === 0) return { mounts, wrapper: [] };
  const drop = [`--reuid=${id}`, `--regid=${id}`, "--clear-groups"];
  return {
    mounts: staged,
    wrapper: [
      ...["/usr/bin/unshare", "--mount", "--propagation", "private", "--"],
      ...["/bin/sh", "-c", SCRIPT, "sh", stage, ...hidden, "--"],
      ...["/usr/bin/setpriv", ...drop, "--"],
    ],
  };
}
