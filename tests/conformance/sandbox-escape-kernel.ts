import type { Attempt } from "./sandbox-escape-attempts";

/** Says ESCAPED, or the name of the error, for a call by its number. */
const NUMBERS = `
import ctypes, errno, os, platform, socket
libc = ctypes.CDLL(None, use_errno=True)
arm = platform.machine() == "aarch64"
def call(x64, arm64, *args):
    result = libc.syscall(arm64 if arm else x64, *args)
    print("ESCAPED" if result != -1 else errno.errorcode[ctypes.get_errno()])
def attempt(work):
    try: print("ESCAPED", work())
    except OSError as e: print(errno.errorcode[e.errno])
`;

const by = (code: string) => `python3 - 2>&1 <<'END'\n${NUMBERS}${code}\nEND`;

/** Ways into the kernel that need no capability, each closed by the filter alone. */
export const KERNEL_ATTEMPTS: Record<string, Attempt> = {
  "an io_uring": {
    run: by("call(425, 425, 4, bytes(120))"),
    refused: /^EPERM\n$/,
  },
  "page faults of its own": {
    // UFFD_USER_MODE_ONLY, which no setting forbids.
    run: by("call(323, 282, 1)"),
    refused: /^EPERM\n$/,
  },
  "a keyring": {
    run: by(
      'call(248, 217, b"user", b"k", b"v", 1, -3)\ncall(250, 219, 0, -3, 1)',
    ),
    refused: /^EPERM\nEPERM\n$/,
  },
  "a handle of a file": {
    run: by(
      'call(303, 264, -100, b"/etc/passwd", b"\\x80\\0\\0\\0" + bytes(140), bytes(8), 0)',
    ),
    refused: /^EPERM\n$/,
  },
  "a user namespace by clone": {
    run: by("call(56, 220, 0x10000011, 0, 0, 0, 0)"),
    refused: /^EPERM\n$/,
  },
  "a user namespace by clone3": {
    run: by(
      "import struct\ncall(435, 435, struct.pack('11Q', 0x10000000, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0), 88)",
    ),
    refused: /^ENOSYS\n$/,
  },
  "a nested user namespace": {
    run: "unshare --user --map-root-user id 2>&1; bwrap --unshare-user --ro-bind / / id 2>&1 | tail -1",
    refused: /not permitted|not found/,
  },
  "a mount by the newer calls": {
    run: by(
      'call(430, 430, b"tmpfs", 0)\ncall(428, 428, -100, b"/", 1)\ncall(429, 429, -1, b"", -1, b"/tmp", 4)',
    ),
    refused: /^EPERM\nEPERM\nEPERM\n$/,
  },
  "a program for the kernel, unprivileged": {
    run: by("call(321, 280, 0, bytes(72), 72)"),
    refused: /^EPERM\n$/,
  },
  "the machine under this one, by vsock": {
    run: by("attempt(lambda: socket.socket(40, socket.SOCK_STREAM))"),
    refused: /^EAFNOSUPPORT\n$/,
  },
  "the kernel's ciphers": {
    run: by("attempt(lambda: socket.socket(38, socket.SOCK_SEQPACKET))"),
    refused: /^EAFNOSUPPORT\n$/,
  },
  "netlink beyond the list of interfaces": {
    run: by(
      "for p in (6, 9, 12, 15, 16, 21): attempt(lambda: socket.socket(16, socket.SOCK_RAW, p))",
    ),
    refused: /^(EAFNOSUPPORT\n){6}$/,
  },
  "typing into its own terminal": {
    run: by(
      'import fcntl, pty\nmaster, slave = pty.openpty()\nattempt(lambda: fcntl.ioctl(slave, 0x5412, b"x"))',
    ),
    refused: /^EPERM\n$/,
  },
  "another numbering of the calls": {
    // x32's mount; elsewhere there is no such number.
    run: by("call(0x40000000 + 165, 9999, 0, 0, 0, 0, 0)"),
    refused: /^ENOSYS\n$/,
  },
  "whether two processes share": {
    run: by("call(312, 272, 1, os.getpid(), 0, 0, 0)"),
    refused: /^EPERM\n$/,
  },
};
