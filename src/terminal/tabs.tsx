"use client";

import type { KeyboardEvent } from "react";
import { cx } from "../ui/cx";

/** A row of tabs: one stop for Tab, arrows go from one to the next. Each shows `{id}-pane-{name}`. */
export function Tabs<Name extends string>({
  id,
  label,
  tabs,
  chosen,
  onChoose,
}: {
  id: string;
  label: string;
  tabs: Readonly<Record<Name, string>>;
  chosen: Name;
  onChoose: (name: Name) => void;
}) {
  const names = Object.keys(tabs) as Name[];

  function go(event: KeyboardEvent<HTMLElement>) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = (names.indexOf(chosen) + step + names.length) % names.length;
    const next = names[at];
    if (!next) return;
    onChoose(next);
    document.getElementById(`${id}-tab-${next}`)?.focus();
  }

  return (
    <div role="tablist" aria-label={label} className="flex flex-1">
      {names.map((name) => (
        <button
          key={name}
          id={`${id}-tab-${name}`}
          type="button"
          role="tab"
          aria-selected={chosen === name}
          aria-controls={`${id}-pane-${name}`}
          tabIndex={chosen === name ? 0 : -1}
          onClick={() => onChoose(name)}
          onKeyDown={go}
          className={cx(
            "-mb-px border-b-2 px-3 py-2.5 text-sm font-medium transition-colors",
            chosen === name
              ? "border-accent text-ink"
              : "border-transparent text-ink-3 hover:text-ink",
          )}
        >
          {tabs[name]}
        </button>
      ))}
    </div>
  );
}
