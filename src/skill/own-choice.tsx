import { useId } from "react";

/** Whether the skill gets a sandbox that no other skill shares, and why one would want it. */
export function OwnChoice({
  own,
  onChange,
  secrets,
}: {
  own: boolean;
  onChange: (own: boolean) => void;
  /** Names of the values the skill asks for. */
  secrets: readonly string[];
}) {
  const id = useId();
  return (
    <div className="border-t border-line px-5 py-4">
      <div className="flex gap-2.5">
        <input
          id={id}
          type="checkbox"
          checked={own}
          aria-describedby={`${id}-why`}
          onChange={(event) => onChange(event.target.checked)}
          className="mt-0.75 size-4 shrink-0 accent-accent"
        />
        <div className="min-w-0 text-[0.8125rem] leading-5">
          <label htmlFor={id} className="font-medium">
            Its own sandbox
          </label>
          <p id={`${id}-why`} className="text-ink-2">
            {secrets.length > 0 ? (
              <>
                It asks for{" "}
                <span className="font-mono text-xs break-words">
                  {secrets.join(", ")}
                </span>
                : there is no place for such values yet.{" "}
              </>
            ) : null}
            {own
              ? "Skills in one sandbox can read one another\u2019s values. No other one is in this."
              : "Without it: skills in one sandbox can read one another\u2019s files and values."}
          </p>
        </div>
      </div>
    </div>
  );
}
