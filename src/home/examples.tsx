import Link from "next/link";
import type { FunctionReturnType } from "convex/server";
import type { api } from "@convex/_generated/api";
import type { Outcome } from "../data/server";
import { skillPath } from "../routes";
import { FailureCallout } from "../ui/callout";
import { Icon } from "../ui/icon";
import { Empty, Section } from "../ui/panel";
import { Skeleton, SkeletonText } from "../ui/skeleton";

const TITLE = "Skills to try";
const CAPTION = "They ship with this Slipway and need no account elsewhere.";
const GRID = "grid grid-cols-1 gap-3 sm:grid-cols-2 lg:grid-cols-3";
const CARD =
  "flex min-h-44 flex-col rounded-lg border border-line bg-surface p-4.5 shadow-card";

/** The skills that ship with Slipway. */
export async function Examples({
  found,
}: {
  found: Promise<Outcome<FunctionReturnType<typeof api.skills.examples>>>;
}) {
  const answer = await found;
  return (
    <Section id="examples" title={TITLE} caption={CAPTION}>
      {!answer.ok ? (
        <FailureCallout
          failure={answer.failure}
          title="The examples could not be listed."
        />
      ) : answer.value.length === 0 ? (
        <Empty title="No examples here">
          This deployment ships none. Paste a link above instead.
        </Empty>
      ) : (
        <ul className={GRID}>
          {answer.value.map((skill) => (
            <li key={skill.link} className="contents">
              <Link
                href={skillPath(skill.link)}
                prefetch={false}
                className={`${CARD} group transition-[border-color,box-shadow] duration-150 hover:border-line-strong hover:shadow-lift`}
              >
                <span className="flex items-center justify-between gap-2 font-medium">
                  {skill.name}
                  <Icon
                    name="arrow"
                    className="text-ink-3 transition-transform duration-150 group-hover:translate-x-0.5 group-hover:text-accent-ink"
                  />
                </span>
                <span className="mt-1.5 line-clamp-4 text-sm text-ink-2">
                  {skill.description}
                </span>
                <span className="mt-auto truncate pt-3 font-mono text-xs text-ink-3">
                  {skill.link.replace(/^\//, "")}
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}

export function ExamplesSkeleton() {
  return (
    <Section id="examples" title={TITLE} caption={CAPTION}>
      <div className={GRID}>
        {Array.from({ length: 6 }, (_, index) => (
          <div key={index} className={CARD}>
            <Skeleton className="mb-3 h-4 w-2/5" />
            <SkeletonText />
            <Skeleton className="mt-auto h-3 w-3/5" />
          </div>
        ))}
      </div>
    </Section>
  );
}
