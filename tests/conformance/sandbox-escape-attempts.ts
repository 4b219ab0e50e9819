/** What an attempt is told about the world outside, to look for it. */
export interface Outside {
  /** A world-readable file of the host that holds the secret. */
  secretFile: string;
  data: string;
  /** The server's process. */
  pid: number;
  /** A service of the host on loopback that answers with the secret. */
  servicePort: number;
  apiPort: string;
  /** Name of an abstract Unix socket the host listens on. */
  abstractSocket: string;
  /** The other sandbox, and what it has. */
  otherId: string;
  otherPort: number;
}

/**
 * What to run, and what it must say. Whatever it says must not hold the secret
 * or the word ESCAPED.
 */
export interface Attempt {
  run: string;
  refused: RegExp;
}

/** Uploaded as ~/t.py: `py("expression")` runs in its words. */
export const TRICKS = `
import ctypes, errno, os, platform, socket, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
arm = platform.machine() == "aarch64"
NR = {"bpf": (321, 280), "perf": (298, 241), "pivot_root": (155, 41), "kexec": (246, 104)}
def say(result):
    print("ESCAPED" if result != -1 else errno.errorcode[ctypes.get_errno()])
def call(name, *args):
    if name in NR: say(libc.syscall(NR[name][arm], *args))
    else: say(getattr(libc, name)(*args))
def attempt(work):
    try: print("ESCAPED", work())
    except OSError as e: print(errno.errorcode[e.errno])
def reach(family, kind, address, proto=0):
    s = socket.socket(family, kind, proto); s.settimeout(2); s.connect(address); return "connected"
def proxy(text):
    s = socket.create_connection(("127.0.0.1", 3128), 2); s.settimeout(3); s.sendall(text.encode()); out = b""
    while True:
        try: more = s.recv(65536)
        except OSError: break
        if not more: break
        out += more
    print(out.decode("latin1")[:2000])
exec(sys.argv[1])
`;

const py = (code: string) => `python3 ~/t.py '${code}' 2>&1`;
const proxied = (url: string) =>
  `curl --noproxy '' -x http://127.0.0.1:3128 -sS -m 4 '${url}' 2>&1`;

export function attempts(o: Outside): Record<string, Attempt> {
  const missing = /No such file|not found/i;
  const denied = /Permission denied|Read-only|not permitted/i;
  return {
    "read a world-readable file of the host": {
      run: `cat ${o.secretFile} 2>&1`,
      refused: missing,
    },
    "read the server's registry": {
      run: `cat ${o.data}/registry.sqlite 2>&1`,
      refused: missing,
    },
    "reach the host's root through pid 1": {
      run: `cat /proc/1/root${o.secretFile} 2>&1`,
      refused: /No such file|Permission denied/,
    },
    "reach the host's root through every process": {
      run: `for p in /proc/[0-9]*; do cat $p/root${o.secretFile} $p/cwd/../../..${o.secretFile}; done 2>&1`,
      refused: /No such file|Permission denied/,
    },
    "climb out of the home with dots": {
      run: `cat ../../../../../../../..${o.secretFile} 2>&1`,
      refused: missing,
    },
    "the environment of every process": {
      run: "cat /proc/*/environ 2>&1 | tr '\\0' '\\n'; echo over",
      refused: /over\n$/,
    },
    "the arguments of every process": {
      run: `cat /proc/*/cmdline 2>&1 | tr '\\0' '\\n' | grep -c '[/]${o.data.slice(1)}'`,
      refused: /^0\n$/,
    },
    "passwords of the host": { run: "cat /etc/shadow 2>&1", refused: missing },
    "root's home": { run: "ls /root 2>&1", refused: missing },
    "the cgroup tree": { run: "ls /sys/fs/cgroup 2>&1", refused: missing },
    "a program for the kernel to start at a crash": {
      run: "(echo '|/tmp/x' > /proc/sys/kernel/core_pattern) 2>&1",
      refused: denied,
    },
    "the magic system request key": {
      run: "(echo b > /proc/sysrq-trigger) 2>&1",
      refused: /Permission denied|Read-only|No such file/,
    },
    "the kernel's memory": {
      run: "head -c 64 /dev/mem /dev/kmem /proc/kcore 2>&1",
      refused: /No such file|Permission denied/,
    },
    "the machine's disks": {
      run: "ls /dev/vd* /dev/sd* /dev/nvme* /dev/loop* /dev/disk 2>&1",
      refused: missing,
    },
    "a device of its own": {
      run: "mknod /tmp/disk b 254 0 2>&1",
      refused: denied,
    },
    "a changed system": {
      run: "touch /usr/bin/x /etc/passwd /opt/x /lib/x 2>&1; cp /bin/true /usr/bin/ls 2>&1",
      refused: /Read-only/,
    },
    "another supervisor": {
      run: "(echo evil > /opt/sandbox/supervisor.cjs) 2>&1",
      refused: /Read-only|Permission denied/,
    },
    "a setuid shell": {
      run: "cp /bin/bash ~/suid && chmod 4755 ~/suid && ~/suid -p -c 'id -u; id -ru'",
      refused: /^1000\n1000\n$/,
    },
    "su and sudo": {
      run: `su -c "echo ESC""APED" root 2>&1 < /dev/null; sudo -n sh -c "echo ESC""APED" 2>&1; id -u`,
      refused: /\n1000\n$/,
    },
    "a hard link to the system's files": {
      run: "ln /etc/passwd ~/passwd 2>&1",
      refused: /cross-device|not permitted/i,
    },
    "a tar with paths outside": {
      run: "cd /tmp && mkdir -p d && echo x > d/f && tar --transform 's,d/f,/etc/tarred,' -Pcf t.tar d/f && tar -Pxf t.tar 2>&1",
      refused: /Read-only|Permission denied/,
    },
    "a tar with a link to walk through": {
      run: "cd /tmp && ln -sfn /etc up && tar -cf l.tar up && rm up && mkdir -p up && echo x > up/shadow && tar -rf l.tar up/shadow && rm -r up && tar -xf l.tar 2>&1; ls /etc/shadow 2>&1",
      refused: /Cannot|No such file|denied/,
    },
    "signal the server": {
      run: `kill -9 ${o.pid} 2>&1`,
      refused: /No such pro/,
    },
    "end its own first process": {
      run: "kill -9 1 2>&1; echo alive",
      refused: /alive/,
    },
    "trace the server": {
      run: py(`call("ptrace", 16, ${o.pid}, 0, 0)`),
      refused: /ESRCH|EPERM/,
    },
    "read the server's memory": {
      run: py(
        `b = ctypes.create_string_buffer(16); v = struct.pack("QQ", ctypes.addressof(b), 16); call("process_vm_readv", ${o.pid}, v, 1, v, 1, 0)`,
      ),
      refused: /ESRCH|EPERM/,
    },
    "see the neighbour's processes": {
      run: "cat /proc/*/cmdline | tr '\\0' ' ' | grep -c '[s]leep 12345'",
      refused: /^0\n$/,
    },
    "a user namespace": {
      run: py("call('unshare', 0x10000000)".replaceAll("'", '"')),
      refused: /EPERM|ENOSPC|EUSERS/,
    },
    "a mount namespace": {
      run: py('call("unshare", 0x20000)'),
      refused: /EPERM/,
    },
    "a mount": {
      run: py('call("mount", b"none", b"/tmp", b"tmpfs", 0, None)'),
      refused: /EPERM/,
    },
    "a writable root": {
      run: py('call("mount", None, b"/", None, 32, None)'),
      refused: /EPERM/,
    },
    "an uncovered /proc/sys": {
      run: py('call("umount2", b"/proc/sys", 2)'),
      refused: /EPERM/,
    },
    "another root": { run: py('call("chroot", b"/tmp")'), refused: /EPERM/ },
    "a pivoted root": {
      run: py('call("pivot_root", b"/tmp", b"/tmp")'),
      refused: /EPERM/,
    },
    "the namespaces of pid 1": {
      run: py(
        '[call("setns", os.open(f"/proc/1/ns/{n}", 0), 0) for n in ("mnt", "net", "pid")]',
      ),
      refused: /EPERM|Permission denied/,
    },
    "root's id": { run: py('call("setuid", 0)'), refused: /EPERM|EINVAL/ },
    "a file by its handle": {
      run: py(
        'call("open_by_handle_at", -100, struct.pack("IIQ", 8, 1, 2), 0)',
      ),
      refused: /EPERM/,
    },
    "a program in the kernel": {
      run: py('call("bpf", 5, bytes(128), 128)'),
      refused: /EPERM/,
    },
    "the machine's counters": {
      run: py(
        'call("perf", struct.pack("II", 0, 112) + bytes(104), -1, 0, -1, 0)',
      ),
      refused: /EPERM|EACCES|ENOENT/,
    },
    "another kernel": {
      run: py('call("kexec", 0, 0, None, 0)'),
      refused: /EPERM|ENOSYS/,
    },
    "a kernel module": {
      run: py('call("init_module", b"x", 1, b"")'),
      refused: /EPERM|ENOSYS/,
    },
    "a reboot": { run: py('call("reboot", 0x1234567)'), refused: /EPERM/ },
    "another host name": {
      run: py('call("sethostname", b"evil", 4)'),
      refused: /EPERM/,
    },
    "another time": {
      run: py('attempt(lambda: __import__("time").clock_settime(0, 1))'),
      refused: /EPERM/,
    },
    "raw packets": {
      run: py(
        "attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))",
      ),
      refused: /EPERM/,
    },
    "packets of the link": {
      run: py(
        "attempt(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 768))",
      ),
      refused: /EPERM|EAFNOSUPPORT/,
    },
    "a network interface": {
      run: "ip link add evil type dummy 2>&1 || ip addr add 10.9.9.9/8 dev lo 2>&1 || echo 'not permitted'",
      refused: /not permitted|not found/,
    },
    "the internet, directly": {
      run: py(
        'attempt(lambda: reach(socket.AF_INET, socket.SOCK_STREAM, ("1.1.1.1", 443)))',
      ),
      refused: /ENETUNREACH/,
    },
    "a name server": {
      run: py(
        'attempt(lambda: reach(socket.AF_INET, socket.SOCK_DGRAM, ("8.8.8.8", 53)))',
      ),
      refused: /ENETUNREACH/,
    },
    "the host's loopback, scanned": {
      run: `for p in ${o.servicePort} ${o.apiPort} 22 80 443 3000 3210 5432 6379 8080; do curl --noproxy '*' -s -m 1 http://127.0.0.1:$p/ && echo ESCAPED; done; echo none`,
      refused: /none/,
    },
    "an abstract socket of the host": {
      run: py(
        `attempt(lambda: reach(socket.AF_UNIX, socket.SOCK_STREAM, "\\0${o.abstractSocket}"))`,
      ),
      refused: /ECONNREFUSED/,
    },
    "sockets of the host by path": {
      run: "ls /run/slipway-sb-* /run/docker.sock /run/systemd /var/run/dbus 2>&1",
      refused: missing,
    },
    "the host's loopback through the proxy": {
      run: proxied(`http://127.0.0.1:${o.servicePort}/`),
      refused: /may not reach/,
    },
    "the host's loopback in other words": {
      run: [
        "localhost",
        "0.0.0.0",
        "[::1]",
        "2130706433",
        "0x7f.1",
        "127.1",
        "[::ffff:127.0.0.1]",
      ]
        .map((host) => proxied(`http://${host}:${o.servicePort}/`))
        .join("; "),
      refused:
        /^(?:Sandboxes may not reach.*\n|.*malformed.*\n|.*ask for.*\n){7}$/i,
    },
    "cloud metadata": {
      run: proxied("http://169.254.169.254/latest/meta-data/"),
      refused: /may not reach/,
    },
    "cloud metadata by name": {
      run: proxied("http://metadata.google.internal/"),
      refused: /may not reach/,
    },
    "the local network": {
      run: `${proxied("http://10.0.0.1/")}; ${proxied("http://192.168.0.1/")}; ${proxied("http://172.17.0.1/")}`,
      refused: /^(Sandboxes may not reach.*\n){3}$/,
    },
    "the control plane through the proxy": {
      run: proxied(`http://127.0.0.1:${o.apiPort}/api/sandbox`),
      refused: /may not reach/,
    },
    "a tunnel to the host": {
      run: `curl --noproxy '' -p -x http://127.0.0.1:3128 -sS -m 4 http://127.0.0.1:${o.servicePort}/ 2>&1`,
      refused: /403|may not reach/,
    },
    "an allowed name with another port": {
      run: proxied(`http://allowed.internal:${o.apiPort}/`),
      refused: /may not reach/,
    },
    "an allowed name with a forged host": {
      run: `curl --noproxy '' -x http://127.0.0.1:3128 -sS -m 4 -H 'Host: 127.0.0.1:${o.apiPort}' http://allowed.internal/ 2>&1`,
      refused: /^host=allowed\.internal\n$/,
    },
    "a second request smuggled behind an allowed one": {
      run: py(
        `proxy("GET http://allowed.internal/ HTTP/1.1\\r\\nHost: allowed.internal\\r\\n\\r\\nGET http://127.0.0.1:${o.servicePort}/ HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\\r\\n")`,
      ),
      refused: /host=allowed\.internal/,
    },
    "two lengths in one request": {
      run: py(
        `proxy("POST http://allowed.internal/ HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 5\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\nGET /")`,
      ),
      refused: /400|malformed/,
    },
    "a head without end": {
      run: py(
        'proxy("GET http://allowed.internal/ HTTP/1.1\\r\\nX: " + "a" * 300000)',
      ),
      refused: /400|malformed|^\s*$/,
    },
    "the neighbour's home": {
      run: `ls ${o.data}/sandboxes/${o.otherId}/home /home 2>&1`,
      refused: /No such file[^]*daytona\n$/,
    },
    "the neighbour's port": {
      run: `curl --noproxy '*' -sS -m 2 http://127.0.0.1:${o.otherPort}/ 2>&1`,
      refused: /Failed to connect|Could not connect/,
    },
    "the neighbour's shared memory": {
      run: `cat /dev/shm/* 2>&1; ${py('call("shmget", 4242, 0, 0)')}`,
      refused: /ENOENT/,
    },
    "the neighbour's and the host's /tmp": {
      run: "cat /tmp/neighbour /var/tmp/* 2>&1",
      refused: missing,
    },
    "a terminal of the host": {
      run: "cat /dev/tty /dev/console 2>&1 < /dev/null; ls /dev/pts",
      refused: /No such device|No such file/,
    },
    "typing into a terminal": {
      run: py(
        'attempt(lambda: __import__("fcntl").ioctl(os.open("/dev/tty", 2), 0x5412, b"x"))',
      ),
      refused: /ENXIO|EPERM|EIO/,
    },
    "the keys of the host's users": {
      // Of its own user there may be a line; of any other, none.
      run: "cat /proc/keys /proc/key-users 2>/dev/null | grep -v '^ *1000:'; echo over",
      refused: /^over\n$/,
    },
    "addresses of the kernel": {
      run: "grep -v '^0000000000000000' /proc/kallsyms 2>/dev/null | head -1; echo none",
      refused: /^none\n$/,
    },
    "the kernel's messages": {
      run: "dmesg 2>&1 | head -1; cat /dev/kmsg 2>&1 | head -1",
      refused: /not permitted|No such file/,
    },
  };
}
