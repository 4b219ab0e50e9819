"use client";

/** Something to begin with, so that an empty box is not the first thing to face. */
export function Starters({
  skillName,
  onPick,
}: {
  skillName: string;
  onPick: (text: string) => void;
}) {
  const prompts = [
    `What can you do with the ${skillName} skill?`,
    `Show me ${skillName} on a small example of your own.`,
    `What do you need from me to use ${skillName}?`,
  ];
  return (
    <div className="animate-rise">
      <h2 className="text-xl font-semibold tracking-[-0.02em] wrap-anywhere">
        The agent has <span className="text-accent-ink">{skillName}</span>.
      </h2>
      <p className="mt-1 text-ink-2">
        Ask for what you need, or begin with one of these.
      </p>
      <ul className="mt-4 space-y-2">
        {prompts.map((prompt) => (
          <li key={prompt}>
            <button
              type="button"
              onClick={() => onPick(prompt)}
              className="rounded-lg border border-line bg-surface px-3.5 py-2 text-left text-sm wrap-anywhere text-ink-2 shadow-card transition-colors hover:border-line-strong hover:text-ink"
            >
              {prompt}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
