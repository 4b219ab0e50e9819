import { plural } from "../data/format";
import type { SkillView } from "../data/types";
import { Callout } from "../ui/callout";

/** What the check of SKILL.md found. Help for the author, a hint for the visitor. */
export function Findings({ findings }: { findings: SkillView["findings"] }) {
  if (findings.length === 0) return null;
  const errors = findings.some((finding) => finding.severity === "error");
  return (
    <Callout
      tone="warn"
      title={`${plural(findings.length, "note")} on this SKILL.md`}
    >
      <p>
        {errors
          ? "It does not follow the specification everywhere. It may still work."
          : "It loads. Its author may want to mend these."}
      </p>
      <ul className="mt-2 space-y-1">
        {findings.map((finding, index) => (
          <li key={index} className="flex gap-2.5">
            <span className="w-14 shrink-0 font-mono text-xs leading-5.5 text-ink-3">
              {finding.line === undefined ? "file" : `line ${finding.line}`}
            </span>
            <span className="min-w-0">{finding.message}</span>
          </li>
        ))}
      </ul>
    </Callout>
  );
}
