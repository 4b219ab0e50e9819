import { expect, test } from "bun:test";
import { DENIED, seccompFilter, seccompProgram } from "./seccomp";

/** What the kernel does with a filter, for the few opcodes of ours. */
function judge(
  arch: "x64" | "arm64",
  number: number,
  args: number[] = [],
  audit = arch === "x64" ? 0xc000003e : 0xc00000b7,
): string {
  const program = seccompProgram(arch) ?? [];
  const data = new Map([
    [0, number],
    [4, audit],
    ...args.map((arg, n): [number, number] => [16 + 8 * n, arg]),
  ]);
  let a = 0;
  for (let at = 0; at < program.length; at++) {
    const [code, yes, no, k] = program[at] as (typeof program)[number];
    if (code === 0x20) a = data.get(k) ?? 0;
    else if (code === 0x15) at += a === k ? yes : no;
    else if (code === 0x35) at += a >= k ? yes : no;
    else if (code === 0x45) at += (a & k) !== 0 ? yes : no;
    else if (code === 0x06) {
      if (k === 0x7fff0000) return "allow";
      return (
        { 1: "EPERM", 38: "ENOSYS", 97: "EAFNOSUPPORT" }[k & 0xffff] ?? "?"
      );
    } else throw new Error(`opcode ${code}`);
  }
  throw new Error("it ends without an answer");
}

test("each call of the list is refused, those beside it are not", () => {
  for (const [column, arch] of (["x64", "arm64"] as const).entries()) {
    const numbers = Object.values(DENIED).map((row) => row[column as 0 | 1]);
    const denied = new Set(numbers);
    // clone, clone3, ioctl, socket: by their arguments, below.
    const special = arch === "x64" ? [56, 435, 16, 41] : [220, 435, 29, 198];
    for (let number = 0; number < 470; number++) {
      if (special.includes(number)) continue;
      const expected = denied.has(number) ? "EPERM" : "allow";
      expect([arch, number, judge(arch, number)]).toEqual([
        ...[arch, number, expected],
      ]);
    }
  }
});

test("processes and threads, but no namespaces", () => {
  const [fork, thread] = [0x01200011, 0x003d0f00];
  expect(judge("x64", 56, [fork])).toBe("allow");
  expect(judge("x64", 56, [thread])).toBe("allow");
  for (const flag of [
    ...[0x00020000, 0x02000000, 0x04000000, 0x08000000],
    ...[0x10000000, 0x20000000, 0x40000000],
  ]) {
    expect(judge("x64", 56, [flag | 17])).toBe("EPERM");
    expect(judge("arm64", 220, [flag | 17])).toBe("EPERM");
  }
  expect(judge("x64", 435)).toBe("ENOSYS");
});

test("sockets of three families, and the one netlink that lists interfaces", () => {
  for (const family of [1, 2, 10]) {
    expect(judge("x64", 41, [family, 1, 0])).toBe("allow");
  }
  expect(judge("x64", 41, [16, 3, 0])).toBe("allow");
  for (const protocol of [6, 12, 15, 21]) {
    expect(judge("x64", 41, [16, 3, protocol])).toBe("EAFNOSUPPORT");
  }
  for (const family of [17, 38, 40, 44]) {
    expect(judge("arm64", 198, [family, 1, 0])).toBe("EAFNOSUPPORT");
  }
});

test("terminals, but no typing for their users", () => {
  expect(judge("x64", 16, [0, 0x5413])).toBe("allow");
  expect(judge("x64", 16, [0, 0x5412])).toBe("EPERM");
  expect(judge("arm64", 29, [0, 0x541c])).toBe("EPERM");
});

test("no way round by other numbers for the same calls", () => {
  expect(judge("x64", 21, [], 0x40000003)).toBe("ENOSYS");
  expect(judge("x64", 0x40000000 + 165)).toBe("ENOSYS");
});

test("the kernel's form; none where we do not know the numbers", () => {
  const program = seccompProgram("x64") ?? [];
  const bytes = seccompFilter("x64");
  expect(bytes).toHaveLength(program.length * 8);
  // The first loads the architecture: opcode 0x20, operand 4.
  expect([...(bytes ?? []).slice(0, 8)]).toEqual([0x20, 0, 0, 0, 4, 0, 0, 0]);
  expect(seccompFilter("mips")).toBeNull();
});
