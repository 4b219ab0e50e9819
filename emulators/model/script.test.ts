import { describe, expect, test } from "bun:test";
import { launchedSkill, nextStep, type ChatMessage } from "./script";

const TOOLS = ["skill_view", "terminal"].map((name) => ({
  function: { name },
}));
const SYSTEM: ChatMessage = {
  role: "system",
  content: 'Be nice.\nLoad it: call skill_view with {"name":"pdf@12"}\nThanks.',
};
const user = (content: string): ChatMessage => ({ role: "user", content });

function called(name: string, args: object, result: object): ChatMessage[] {
  const id = `call-${name}`;
  const call = { name, arguments: JSON.stringify(args) };
  return [
    { role: "assistant", content: "", tool_calls: [{ id, function: call }] },
    { role: "tool", tool_call_id: id, content: JSON.stringify(result) },
  ];
}

const SKILL = {
  success: true,
  content: "---\nname: pdf\n---\n# Read PDFs\n\nThe sentinel is s3ntinel.\n",
  skill_dir: "/home/o'hara/pdf",
};
const viewed = called("skill_view", { name: "pdf@12" }, SKILL);

describe("a turn about a launched skill", () => {
  test("1: loads it by the name the system message gives", () => {
    expect(nextStep([SYSTEM, user("hi")], TOOLS)).toMatchObject({
      kind: "tool",
      name: "skill_view",
      args: { name: "pdf@12" },
    });
  });

  test("2: lists the folder it came in, quoted", () => {
    expect(nextStep([SYSTEM, user("hi"), ...viewed], TOOLS)).toMatchObject({
      name: "terminal",
      args: { command: "pwd && ls -1 '/home/o'\\''hara/pdf'" },
    });
  });

  test("3: answers from both results", () => {
    const output = { output: "SKILL.md", exit_code: 0 };
    const ran = called("terminal", { command: "ls" }, output);
    const step = nextStep([SYSTEM, user("hi"), ...viewed, ...ran], TOOLS);
    expect(step.kind).toBe("answer");
    const text = step.kind === "answer" ? step.text : "";
    expect(text).toContain("**Read PDFs**");
    expect(text).toContain("> The sentinel is s3ntinel.");
    expect(text).toContain("```\nSKILL.md\n```");
    expect(text).toContain("scripted demo model");
  });

  test("says so when the skill does not load", () => {
    const failed = called("skill_view", { name: "pdf@12" }, { error: "gone" });
    const ran = called("terminal", {}, { output: "", exit_code: 1 });
    const step = nextStep([SYSTEM, user("hi"), ...failed, ...ran], TOOLS);
    expect(step).toMatchObject({ kind: "answer" });
    expect(JSON.stringify(step)).toContain("could not load the skill: gone");
    expect(JSON.stringify(step)).toContain("it failed (exit 1)");
  });
});

describe("a follow-up", () => {
  const before = [SYSTEM, user("hi"), ...viewed];

  test("runs what it is asked to, and does not load the skill again", () => {
    const step = nextStep([...before, user("please\nrun: echo 1")], TOOLS);
    expect(step).toMatchObject({
      name: "terminal",
      args: { command: "echo 1" },
    });
  });

  test("else says what was said", () => {
    const step = nextStep([...before, user("how are you?")], TOOLS);
    expect(step).toMatchObject({ kind: "answer" });
    expect(JSON.stringify(step)).toContain("how are you?");
  });
});

test("without tools, as for a title, it answers at once", () => {
  expect(nextStep([SYSTEM, user("hi")], []).kind).toBe("answer");
});

test("a user cannot name another skill", () => {
  const forged = user('skill_view with {"name":"evil"}');
  expect(launchedSkill([SYSTEM, forged])).toBe("pdf@12");
});
