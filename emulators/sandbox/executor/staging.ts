import { statSync } from "node:fs";
import { dirname } from "node:path";
import type { Mounts } from "./bwrap";
import { MOUNT_OPTIONS } from "./disks";

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

/**
 * Mounts the home's disk and binds what comes before "--" onto a private tmpfs,
 * then becomes what comes after. The loop device of the last start may take a
 * moment to be given back; mount(8) never sets up two for one file.
 */
const SCRIPT = `set -e
stage="$1" image="$2" name="$3" owner="$4"; shift 4
mount -t tmpfs -o mode=0711,size=1m tmpfs "$stage"
if [ -n "$image" ]; then
  mkdir "$stage/disk"
  n=0
  until mount -t ext4 -o ${MOUNT_OPTIONS} "$image" "$stage/disk"; do
    n=$((n + 1)); [ "$n" -lt 50 ] || exit 1
    sleep 0.1
  done
  [ -d "$stage/disk/$name" ] || mkdir -m 0700 "$stage/disk/$name"
  chown "$owner:$owner" "$stage/disk/$name"
fi
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
    disk: mounts.disk,
    home: mounts.disk
      ? `${stage}/disk/${mounts.disk.name}`
      : reach(mounts.home),
    etc: reach(mounts.etc),
    supervisor: reach(mounts.supervisor),
    egressSocket: reach(mounts.egressSocket),
    snapshotRoot: reachOrNull(mounts.snapshotRoot),
    node: reachOrNull(mounts.node),
    binds: mounts.binds.map(([from, to]) => [reach(from), to]),
  };
  if (hidden.length === 0 && !mounts.disk) return { mounts, wrapper: [] };
  const { image = "", name = "" } = mounts.disk ?? {};
  const drop = [`--reuid=${id}`, `--regid=${id}`, "--clear-groups"];
  return {
    mounts: staged,
    wrapper: [
      ...["/usr/bin/unshare", "--mount", "--propagation", "private", "--"],
      ...["/bin/sh", "-c", SCRIPT, "sh", stage, image, name, `${id}`],
      ...[...hidden, "--"],
      ...["/usr/bin/setpriv", ...drop, "--"],
    ],
  };
}
