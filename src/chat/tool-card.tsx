"use client";

import type { PartBody } from "../data/types";
import { cx } from "../ui/cx";
import { FoldSign } from "../ui/fold-sign";
import { Icon } from "../ui/icon";
import { Spinner } from "../ui/spinner";
import { Elapsed } from "../ui/time";

type Tool = Extract<PartBody, { kind: "tool" }>;

const WORDS = { running: "running", done: "done", failed: "failed" };

/** What the agent did in one go: each call a line that opens to its details. */
export function ToolCards({ tools }: { tools: Tool[] }) {
  return (
    <ul className="divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface">
      {tools.map((tool) => (
        <li key={tool.callId}>
          <ToolCard tool={tool} />
        </li>
      ))}
    </ul>
  );
}

function ToolCard({ tool }: { tool: Tool }) {
  const args = pretty(tool.args);
  const empty = !args && !tool.result;
  return (
    <details data-tool={tool.name} data-status={tool.status}>
      <summary
        className={cx(
          "flex h-9.5 items-center gap-2.5 px-3 text-[0.8125rem] transition-colors hover:bg-ink/3",
          empty && "pointer-events-none",
        )}
      >
        <span
          className={cx(
            "grid size-4 shrink-0 place-items-center",
            tool.status === "done" && "text-ok",
            tool.status === "failed" && "text-danger",
            tool.status === "running" && "text-accent-ink",
          )}
        >
          {tool.status === "running" ? (
            <Spinner size={14} />
          ) : (
            <Icon name={tool.status === "done" ? "check" : "cross"} size={14} />
          )}
          <span className="sr-only">{WORDS[tool.status]}</span>
        </span>
        <span className="shrink-0 font-mono text-xs">{tool.name}</span>
        <span className="min-w-0 flex-1 truncate text-ink-3">
          {tool.label ?? ""}
        </span>
        <span className="font-mono text-2xs text-ink-3">
          <Elapsed from={tool.startedAt} to={tool.endedAt ?? null} />
        </span>
        <FoldSign className={cx("text-ink-3", empty && "opacity-0")} />
      </summary>
      <div className="space-y-2.5 border-t border-line bg-sunken/60 px-3 py-3">
        {args ? <Output title="Asked with" text={args} /> : null}
        {tool.result ? <Output title="Answered" text={tool.result} /> : null}
      </div>
    </details>
  );
}

function Output({ title, text }: { title: string; text: string }) {
  return (
    <div>
      <p className="caption mb-1">{title}</p>
      <pre
        // Scrolls by keyboard too.
        tabIndex={0}
        className="max-h-72 overflow-auto font-mono text-xs leading-5 break-words whitespace-pre-wrap text-ink-2"
      >
        {text}
      </pre>
    </div>
  );
}

/** JSON indented; anything else as it came. */
export function pretty(text: string | undefined): string {
  if (!text) return "";
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
