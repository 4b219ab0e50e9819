import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * System calls nothing in a sandbox needs, by number [x64, arm64]; null where
 * the architecture has none. Most are refused without capabilities anyway: this
 * keeps a stranger's skill away from the code behind them. What needs no
 * capability and is new ground for most kernels matters more: io_uring, bpf,
 * userfaultfd, perf, keyrings, file handles. Tracing within the sandbox stays
 * allowed: debuggers are of use, and its own processes are all they can see.
 */
export const DENIED: Record<
  string,
  [x64: number | null, arm64: number | null]
> = {
  // Mounts, roots, namespaces.
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  chroot: [161, 51],
  move_mount: [429, 429],
  open_tree: [428, 428],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  unshare: [272, 97],
  setns: [308, 268],
  // The kernel itself.
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  reboot: [169, 142],
  syslog: [103, 116],
  lookup_dcookie: [212, 18],
  kcmp: [312, 272],
  modify_ldt: [154, null],
  iopl: [172, null],
  ioperm: [173, null],
  uselib: [134, null],
  ustat: [136, null],
  sysfs: [139, null],
  _sysctl: [156, null],
  vhangup: [153, 58],
  nfsservctl: [180, 42],
  // What all sandboxes and the host share: keys, time, disks, names.
  add_key: [248, 217],
  request_key: [249, 218],
  keyctl: [250, 219],
  name_to_handle_at: [303, 264],
  open_by_handle_at: [304, 265],
  fanotify_init: [300, 262],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  adjtimex: [159, 171],
  clock_adjtime: [305, 266],
  sethostname: [170, 161],
  setdomainname: [171, 162],
};

interface Arch {
  audit: number;
  column: 0 | 1;
  clone: number;
  clone3: number;
  ioctl: number;
  socket: number;
}

const ARCHES: Record<string, Arch> = {
  x64: {
    ...{ audit: 0xc000003e, column: 0, clone: 56 },
    ...{ clone3: 435, ioctl: 16, socket: 41 },
  },
  arm64: {
    ...{ audit: 0xc00000b7, column: 1, clone: 220 },
    ...{ clone3: 435, ioctl: 29, socket: 198 },
  },
};

/** Numbers from here on are x32's, another way into the same calls. */
const X32 = 0x40000000;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const NEW_NAMESPACES = 0x7e020000;
/** TIOCSTI and TIOCLINUX: typing into a terminal on its user's behalf. */
const TERMINAL_TRICKS = [0x5412, 0x541c];
/**
 * AF_UNIX, AF_INET, AF_INET6. A VM's AF_VSOCK reaches its host from any network
 * namespace, and AF_ALG, AF_PACKET and the like are for nothing in here.
 */
const FAMILIES = [1, 2, 10];
const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;

const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;
const EPERM = ERRNO | 1;
const ENOSYS = ERRNO | 38;
const EAFNOSUPPORT = ERRNO | 97;

// Offsets in the kernel's struct seccomp_data; of an argument its low half.
const NUMBER = 0;
const ARCHITECTURE = 4;
const argument = (n: number) => 16 + 8 * n;

// Opcodes of classic BPF.
const LOAD = 0x20;
const EQUAL = 0x15;
const AT_LEAST = 0x35;
const ANY_BIT = 0x45;
const RETURN = 0x06;

/** One instruction: opcode, what to skip when true, when false, its operand. */
export type Instruction = [code: number, yes: number, no: number, k: number];

/**
 * The filter as the kernel takes it. Null where the architecture is not one of
 * those above, or the kernel has no filters.
 */
export function seccompFilter(arch: string = process.arch): Uint8Array | null {
  const program = seccompProgram(arch);
  if (!program || !existsSync("/proc/sys/kernel/seccomp/actions_avail")) {
    return null;
  }
  const bytes = new DataView(new ArrayBuffer(program.length * 8));
  for (const [index, [code, yes, no, k]] of program.entries()) {
    bytes.setUint16(index * 8, code, true);
    bytes.setUint8(index * 8 + 2, yes);
    bytes.setUint8(index * 8 + 3, no);
    bytes.setUint32(index * 8 + 4, k, true);
  }
  return new Uint8Array(bytes.buffer);
}

/** Where bwrap can read it; null where there is none. */
export function writeFilter(folder: string): string | null {
  const filter = seccompFilter();
  if (!filter) return null;
  const path = join(folder, "seccomp.bpf");
  writeFileSync(path, filter, { mode: 0o600 });
  return path;
}

export function seccompProgram(arch: string): Instruction[] | null {
  const known = ARCHES[arch];
  if (!known) return null;
  const { audit, column, clone, clone3, ioctl, socket } = known;
  const denied = Object.values(DENIED).flatMap((row) => row[column] ?? []);
  const give = (k: number): Instruction => [RETURN, 0, 0, k];
  /** `body` for calls with this number; it must end in an answer. */
  const on = (number: number, ...body: Instruction[]): Instruction[] => [
    [EQUAL, 0, body.length, number],
    ...body,
  ];
  return [
    // A 32-bit program has other numbers for the same calls.
    [LOAD, 0, 0, ARCHITECTURE],
    [EQUAL, 1, 0, audit],
    give(ENOSYS),
    [LOAD, 0, 0, NUMBER],
    ...(arch === "x64"
      ? ([[AT_LEAST, 0, 1, X32], give(ENOSYS)] as Instruction[])
      : []),
    ...on(
      clone,
      [LOAD, 0, 0, argument(0)],
      [ANY_BIT, 0, 1, NEW_NAMESPACES],
      give(EPERM),
      give(ALLOW),
    ),
    // Its flags are in memory, out of a filter's sight; libraries then use clone.
    ...on(clone3, give(ENOSYS)),
    ...on(
      ioctl,
      [LOAD, 0, 0, argument(1)],
      ...TERMINAL_TRICKS.flatMap((request): Instruction[] => [
        [EQUAL, 0, 1, request],
        give(EPERM),
      ]),
      give(ALLOW),
    ),
    ...on(
      socket,
      [LOAD, 0, 0, argument(0)],
      ...FAMILIES.flatMap((family): Instruction[] => [
        [EQUAL, 0, 1, family],
        give(ALLOW),
      ]),
      [EQUAL, 1, 0, AF_NETLINK],
      give(EAFNOSUPPORT),
      [LOAD, 0, 0, argument(2)],
      [EQUAL, 0, 1, NETLINK_ROUTE],
      give(ALLOW),
      give(EAFNOSUPPORT),
    ),
    ...denied.flatMap((number) => on(number, give(EPERM))),
    give(ALLOW),
  ];
}
