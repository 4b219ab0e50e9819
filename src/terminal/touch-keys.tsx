"use client";

/** What the keyboards of phones lack: a name to read out, a face, what it sends. */
const KEYS = [
  ["Esc", "esc", "\u001b"],
  ["Tab", "tab", "\t"],
  ["Control C", "^C", "\u0003"],
  ["Control D", "^D", "\u0004"],
  ["Arrow left", "←", "\u001b[D"],
  ["Arrow down", "↓", "\u001b[B"],
  ["Arrow up", "↑", "\u001b[A"],
  ["Arrow right", "→", "\u001b[C"],
] as const;

/** A row of keys, where fingers are what points. */
export function TouchKeys({ onType }: { onType: (text: string) => void }) {
  return (
    <div
      role="group"
      aria-label="Keys"
      className="hidden shrink-0 border-t border-line bg-paper px-1 pb-[env(safe-area-inset-bottom)] pointer-coarse:flex"
    >
      {KEYS.map(([name, face, text]) => (
        <button
          key={name}
          type="button"
          aria-label={name}
          // The phone's own keyboard stays only while the terminal has the focus.
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => onType(text)}
          className="h-11 min-w-0 flex-1 rounded-md font-mono text-sm text-ink-2 active:bg-ink/8"
        >
          {face}
        </button>
      ))}
    </div>
  );
}
