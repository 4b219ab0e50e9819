import { existsSync, readFileSync, readdirSync } from "node:fs";
import { chmod, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../errors";
import { which } from "./host";
import type { Limits } from "./limits";

/** A home that is a file system in a file: the kernel holds it to its size. */
export interface HomeDisk {
  /** The file, on the host. */
  image: string;
  /** The folder in it that is the home; says in mount tables whose it is. */
  name: string;
}

const IMAGE = "home.img";
const MIB = 1024 * 1024;
const INODE = 256;
const JOURNAL_MIB = 8;
/** For what the file system itself needs beside inodes and journal. */
const OWN_MIB = 8;

/**
 * For mount(8). Tables of inodes are not written out in advance: the file stays
 * as small as what is in it, and what is deleted is given back to the host.
 */
export const MOUNT_OPTIONS = "loop,nosuid,nodev,noatime,discard,noinit_itable";

/**
 * Makes homes with a size of their own, where this host lets us: as root, with
 * mkfs.ext4 and loop devices. They are mounted in a mount namespace that only
 * the sandbox is in, so its end unmounts them, whatever ended it.
 */
export class Disks {
  private constructor(
    private readonly mkfs: string,
    private readonly limits: Limits,
  ) {}

  /** Tries one; null, with the reason in `why`, where that does not work. */
  static async open(
    folder: string,
    limits: Limits,
  ): Promise<{ disks: Disks | null; why: string }> {
    const none = (why: string) => ({ disks: null, why });
    if (process.getuid?.() !== 0) return none("only root may mount one");
    const mkfs = which("mkfs.ext4");
    if (!mkfs) return none("mkfs.ext4 is not installed (e2fsprogs)");
    if (!hasLoopDevices()) return none("there are no loop devices here");
    const disks = new Disks(mkfs, limits);
    const image = join(folder, "trial.img");
    try {
      await disks.format(image);
      await run([
        ...["/usr/bin/unshare", "--mount", "--propagation", "private", "--"],
        ...["mount", "-t", "ext4", "-o", MOUNT_OPTIONS, image, "/mnt"],
      ]);
      return { disks, why: "" };
    } catch (error) {
      return none(messageOf(error));
    } finally {
      await rm(image, { force: true });
    }
  }

  /**
   * The disk of a sandbox, made when it has none yet. Null for one of an older
   * server whose home is a folder: it stays one, and is watched.
   */
  async of(folder: string, name: string): Promise<HomeDisk | null> {
    const image = join(folder, IMAGE);
    if (!existsSync(image)) {
      if (readdirSync(join(folder, "home")).length > 0) return null;
      await this.format(`${image}.new`);
      await rename(`${image}.new`, image);
    }
    await chmod(image, 0o600); // older servers made it for all to read
    return { image, name };
  }

  private async format(image: string): Promise<void> {
    const { diskMiB, files } = this.limits;
    const inodes = files + 16;
    const tables = Math.ceil((inodes * INODE) / MIB);
    const size = diskMiB + tables + JOURNAL_MIB + OWN_MIB;
    await rm(image, { force: true });
    // Other users of this host pass through the folders above, to sandboxes' homes.
    await writeFile(image, "", { mode: 0o600 });
    await run([
      ...[this.mkfs, "-q", "-F", "-m", "0", "-b", "4096", "-I", `${INODE}`],
      ...[
        "-N",
        `${inodes}`,
        "-J",
        `size=${JOURNAL_MIB}`,
        "-O",
        "^resize_inode",
      ],
      ...["-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard"],
      ...[image, `${size}M`],
    ]);
  }
}

export const hasDisk = (folder: string) => existsSync(join(folder, IMAGE));

/** Nodes for them come by themselves only where the kernel fills /dev. */
function hasLoopDevices(): boolean {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8");
  return (
    existsSync("/dev/loop-control") && / \/dev .* - devtmpfs /.test(mounts)
  );
}

async function run(command: string[]): Promise<void> {
  const child = Bun.spawn(command, {
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
  });
  const said = await new Response(child.stderr).text();
  const code = await child.exited;
  if (code === 0) return;
  throw new Error(`${command[0]} ended with ${code}: ${said.trim()}`);
}
