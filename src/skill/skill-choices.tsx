import Link from "next/link";
import { plural, shortSha } from "../data/format";
import { skillPath } from "../routes";
import { Icon } from "../ui/icon";

export type Choices = {
  owner: string;
  repo: string;
  sha: string;
  choices: { path: string; name: string; description: string; link: string }[];
};

/** A repository with several skills: which one? */
export function SkillChoices({ found }: { found: Choices }) {
  return (
    <div className="mx-auto w-full max-w-3xl px-4 pt-8 pb-20 sm:px-6 sm:pt-12">
      <p className="font-mono text-[0.8125rem] text-ink-3">
        {found.owner}/{found.repo} @ {shortSha(found.sha)}
      </p>
      <h1 className="mt-2 text-[2rem] leading-tight font-semibold tracking-[-0.03em]">
        {plural(found.choices.length, "skill")} in this repository
      </h1>
      <p className="mt-3 text-lg text-ink-2">Pick the one to look at.</p>
      <ul className="mt-8 divide-y divide-line overflow-hidden rounded-lg border border-line bg-surface shadow-card">
        {found.choices.map((choice) => (
          <li key={choice.link}>
            <Link
              href={skillPath(choice.link)}
              prefetch={false}
              className="group flex gap-4 px-5 py-4 transition-colors hover:bg-ink/3"
            >
              <span className="min-w-0 flex-1">
                <span className="font-medium">{choice.name}</span>
                <span className="mt-0.5 line-clamp-2 text-sm text-ink-2">
                  {choice.description}
                </span>
                <span className="mt-1.5 block truncate font-mono text-xs text-ink-3">
                  {choice.path || "at the root"}
                </span>
              </span>
              <Icon
                name="arrow"
                className="mt-1 text-ink-3 transition-transform group-hover:translate-x-0.5 group-hover:text-accent-ink"
              />
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}
