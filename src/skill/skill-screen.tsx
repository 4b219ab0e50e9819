import type { SkillView } from "../data/types";
import { plural } from "../data/format";
import { Callout } from "../ui/callout";
import { FoldSign } from "../ui/fold-sign";
import { Markdown, Written } from "../ui/markdown";
import { Panel } from "../ui/panel";
import { Age } from "../ui/time";
import { FileList } from "./file-list";
import { Findings } from "./findings";
import { LaunchCard } from "./launch-card";
import { SkillHeader } from "./skill-header";
import { fileCount, linkUrl } from "./source";

/** What a skill is, at one commit. Rendered on the server; only Launch needs scripts. */
export function SkillScreen({
  skill,
  staleSince,
}: {
  skill: SkillView;
  /** When its host last answered, if it does not answer now. */
  staleSince?: number | undefined;
}) {
  return (
    <div className="mx-auto w-full max-w-6xl px-4 pt-8 pb-20 sm:px-6 sm:pt-12">
      <SkillHeader skill={skill} />
      <div className="mt-8 grid grid-cols-1 gap-x-10 gap-y-8 lg:grid-cols-[minmax(0,1fr)_21.5rem]">
        <aside className="space-y-4 lg:order-2 lg:row-span-2">
          <div className="space-y-4 lg:sticky lg:top-20">
            <LaunchCard
              skillKey={skill.key}
              sha={skill.sha}
              link={skill.link}
              name={skill.name}
              secrets={skill.secrets ?? []}
            />
          </div>
        </aside>
        <div className="min-w-0 space-y-8 lg:order-1">
          {staleSince === undefined ? null : (
            <Callout tone="warn" title="The git host does not answer right now">
              This is the commit it named <Age at={staleSince} />. There may be
              a newer one.
            </Callout>
          )}
          <Findings findings={skill.findings} />
          <Panel>
            <div className="flex h-11 items-center justify-between gap-3 border-b border-line px-4 sm:px-6">
              <h2 className="font-mono text-[0.8125rem]">SKILL.md</h2>
              <span className="text-xs text-ink-3">
                what the agent will read
              </span>
            </div>
            <Markdown
              text={skill.body}
              resolve={(href) => linkUrl(skill, href)}
              className="px-4 py-5 sm:px-6 sm:py-6"
            />
            <details className="border-t border-line">
              <summary className="flex items-center gap-1.5 px-4 py-3 text-[0.8125rem] text-ink-3 hover:text-ink sm:px-6">
                <FoldSign />
                As it is written, with what the layout does not show
              </summary>
              <Written
                text={skill.body}
                className="border-t border-line px-4 py-5 sm:px-6"
              />
            </details>
          </Panel>
          <section aria-labelledby="files">
            <h2 id="files" className="sr-only">
              {plural(fileCount(skill), "file")}
            </h2>
            <FileList skill={skill} />
          </section>
        </div>
      </div>
    </div>
  );
}
