/**
 * What the demo model "thinks": a pure function from the conversation to its
 * next step. It is scripted, says so, and only repeats what tools returned.
 */

export type ChatMessage = {
  role: "system" | "developer" | "user" | "assistant" | "tool";
  content?: unknown;
  tool_call_id?: string;
  tool_calls?: {
    id: string;
    function: { name: string; arguments: string };
  }[];
};

export type ToolDef = {
  function?: { name?: string; parameters?: { properties?: object } };
};

export type Step =
  | { kind: "tool"; name: string; args: Record<string, unknown>; say: string }
  | { kind: "answer"; text: string };

const QUOTE_CHARS = 1_200;
const OUTPUT_CHARS = 1_500;

/** The next step of the demo model in this conversation. */
export function nextStep(messages: ChatMessage[], tools: ToolDef[]): Step {
  const names = new Set(tools.map((tool) => tool.function?.name));
  const lastUser = messages.findLastIndex(({ role }) => role === "user");
  const userText = textOf(messages[lastUser]?.content).trim();
  const earlier = callsIn(messages.slice(0, Math.max(lastUser, 0)));
  const now = callsIn(messages.slice(lastUser + 1));
  const skill = launchedSkill(messages);

  const viewedBefore = earlier.some(
    (call) => call.name === "skill_view" && call.args.name === skill,
  );
  const aboutSkill = skill !== null && names.has("skill_view") && !viewedBefore;
  const view = now.find((call) => call.name === "skill_view");
  if (aboutSkill && !view) {
    return {
      kind: "tool",
      name: "skill_view",
      args: { name: skill },
      say: "Let me read the skill first.\n\n",
    };
  }

  const run = now.find((call) => call.name === "terminal");
  const asked = askedCommand(userText);
  const command = asked ?? (aboutSkill ? harmlessCommand(view) : null);
  if (command !== null && !run && names.has("terminal")) {
    return {
      kind: "tool",
      name: "terminal",
      args: { command },
      say: "Now one command.\n\n",
    };
  }
  return { kind: "answer", text: answer({ userText, view, run, command }) };
}

type Call = { name: string; args: Record<string, unknown>; result: unknown };

function callsIn(messages: ChatMessage[]): Call[] {
  const results = new Map(
    messages
      .filter(({ role }) => role === "tool")
      .map((message) => [message.tool_call_id, textOf(message.content)]),
  );
  return messages.flatMap((message) =>
    (message.tool_calls ?? [])
      .filter((call) => results.has(call.id))
      .map((call) => ({
        name: call.function.name,
        args: objectOf(call.function.arguments),
        result: results.get(call.id),
      })),
  );
}

/**
 * The lookup name of the launched skill. sandboxd's system message spells the
 * call out, `skill_view with {"name": "..."}`, for models of every size.
 */
export function launchedSkill(messages: ChatMessage[]): string | null {
  for (const message of messages.toReversed()) {
    if (message.role !== "system" && message.role !== "developer") continue;
    const found = /skill_view with (\{[^\n}]*\})/.exec(textOf(message.content));
    const name = found?.[1] ? objectOf(found[1]).name : undefined;
    if (typeof name === "string") return name;
  }
  return null;
}

function askedCommand(userText: string): string | null {
  return /^\s*run:\s*(\S.*)$/im.exec(userText)?.[1]?.trim() ?? null;
}

/** Where are we, and what came with the skill: safe for every skill. */
function harmlessCommand(view: Call | undefined): string {
  const dir = objectOf(view?.result).skill_dir;
  return typeof dir === "string" && dir.startsWith("/")
    ? `pwd && ls -1 '${dir.replaceAll("'", "'\\''")}'`
    : "pwd && ls -1";
}

function answer(turn: {
  userText: string;
  view: Call | undefined;
  run: Call | undefined;
  command: string | null;
}): string {
  const parts: string[] = [];
  if (turn.view) parts.push(quoteSkill(turn.view));
  if (turn.run) parts.push(quoteRun(turn.run));
  if (turn.userText) {
    parts.push(`You said: “${clip(turn.userText, 400)}”`);
  }
  parts.push(
    "*I am Slipway's scripted demo model: I repeat what the tools returned " +
      "and cannot reason. Send `run: <command>` to see me use the terminal, " +
      "or add a model provider's key in the settings for a real agent.*",
  );
  return parts.join("\n\n") + "\n";
}

function quoteSkill(view: Call): string {
  const result = objectOf(view.result);
  if (result.success !== true || typeof result.content !== "string") {
    const reason =
      typeof result.error === "string" ? result.error : String(view.result);
    return `I could not load the skill: ${clip(reason, 600)}`;
  }
  const { heading, body } = splitSkill(result.content);
  const title = heading ?? String(result.name ?? "untitled");
  const quoted = beginning(body, QUOTE_CHARS)
    .split("\n")
    .map((line) => `> ${line}`.trimEnd())
    .join("\n");
  return `I have loaded the skill **${title}**. It begins:\n\n${quoted}`;
}

function splitSkill(content: string): { heading: string | null; body: string } {
  const body = content.replace(/^---\r?\n[\s\S]*?\r?\n---\r?\n/, "").trim();
  const heading = /^#{1,3}\s+(.+)$/m.exec(body);
  if (!heading) return { heading: null, body };
  const rest = body.slice(heading.index + heading[0].length).trim();
  return { heading: heading[1] ?? null, body: rest || body };
}

function quoteRun(run: Call): string {
  const result = objectOf(run.result);
  const output =
    typeof result.output === "string" ? result.output : String(run.result);
  const exit = result.exit_code;
  const failed = typeof exit === "number" && exit !== 0;
  const fence = output.includes("```") ? "~~~~" : "```";
  return [
    failed
      ? `I ran \`${String(run.args.command)}\`; it failed (exit ${exit}):`
      : `I ran \`${String(run.args.command)}\`. Its output:`,
    `${fence}\n${clip(output.trim() || "(no output)", OUTPUT_CHARS)}\n${fence}`,
  ].join("\n\n");
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .map((part: { text?: unknown }) =>
      typeof part?.text === "string" ? part.text : "",
    )
    .join("");
}

/** A JSON object, or an empty one: tool results are free text. */
function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== "string") return {};
  try {
    const parsed: unknown = JSON.parse(value);
    return parsed !== null && typeof parsed === "object"
      ? (parsed as Record<string, unknown>)
      : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

/** Whole paragraphs from the beginning, or what of the first one fits. */
function beginning(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = text.lastIndexOf("\n\n", max);
  return `${text.slice(0, end > 0 ? end : max).trimEnd()}\n\n…`;
}

/** Keeps both ends, because what matters of an output may stand at its end. */
function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  const tail = Math.floor(max / 4);
  return `${text.slice(0, max - tail)}\n…\n${text.slice(-tail)}`;
}
