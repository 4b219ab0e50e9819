import type { ReactNode } from "react";
import { formatBytes, plural, shortSha } from "../data/format";
import type { SkillView } from "../data/types";
import { Icon, type IconName } from "../ui/icon";
import { fileCount, repositoryUrl } from "./source";

/** Whose skill it is, its name, what it says of itself, and at which commit. */
export function SkillHeader({ skill }: { skill: SkillView }) {
  const repository = repositoryUrl(skill);
  const repo = `${skill.owner}/${skill.repo}`;
  return (
    <header className="max-w-3xl">
      <p className="font-mono text-[0.8125rem] text-ink-3">
        {repository ? (
          <a className="link" href={repository} rel="noopener" target="_blank">
            {repo}
          </a>
        ) : (
          repo
        )}
        {skill.path ? <span> / {skill.path}</span> : null}
      </p>
      <h1 className="mt-2 text-[2rem] leading-tight font-semibold tracking-[-0.03em] break-words sm:text-[2.5rem]">
        {skill.name}
      </h1>
      <p className="mt-3 text-lg text-pretty break-words text-ink-2">
        {skill.description}
      </p>
      <ul className="mt-5 flex flex-wrap gap-x-5 gap-y-2 text-[0.8125rem] text-ink-3">
        <Fact icon="commit" name="Commit">
          {skill.commitUrl ? (
            <a
              className="link font-mono"
              href={skill.commitUrl}
              rel="noopener"
              target="_blank"
            >
              {shortSha(skill.sha)}
            </a>
          ) : (
            <span className="font-mono" title={skill.sha}>
              {shortSha(skill.sha)}
            </span>
          )}
        </Fact>
        <Fact icon="file" name="Files">
          {plural(fileCount(skill), "file")}, {formatBytes(skill.totalBytes)}
        </Fact>
        {skill.license ? (
          <Fact icon="shield" name="Licence">
            {skill.license}
          </Fact>
        ) : null}
        {skill.compatibility ? (
          <Fact icon="monitor" name="Compatibility">
            {skill.compatibility}
          </Fact>
        ) : null}
        {skill.allowedTools ? (
          <Fact icon="tool" name="Tools it asks for">
            {skill.allowedTools}
          </Fact>
        ) : null}
        {skill.secrets?.length ? (
          <Fact icon="key" name="Secrets it asks for">
            <span className="font-mono text-xs">
              {skill.secrets.join(", ")}
            </span>
          </Fact>
        ) : null}
      </ul>
    </header>
  );
}

function Fact({
  icon,
  name,
  children,
}: {
  icon: IconName;
  name: string;
  children: ReactNode;
}) {
  return (
    <li className="flex max-w-full items-start gap-1.5" title={name}>
      <Icon name={icon} size={14} className="mt-0.75" />
      <span className="sr-only">{name}: </span>
      <span className="min-w-0 break-words text-ink-2">{children}</span>
    </li>
  );
}
