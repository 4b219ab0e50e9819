import { formatBytes, plural } from "../data/format";
import type { SkillView } from "../data/types";
import { FoldSign } from "../ui/fold-sign";
import { Icon } from "../ui/icon";
import { Panel } from "../ui/panel";
import { Chip } from "../ui/status";
import { fileCount, sourceUrl } from "./source";

/** Files shown before the rest is folded away. */
const SHOWN = 12;

/** Everything that will be put into the sandbox. */
export function FileList({ skill }: { skill: SkillView }) {
  const { files } = skill;
  const rest = files.slice(SHOWN);
  const unlisted = fileCount(skill) - files.length;
  return (
    <Panel className="overflow-hidden">
      <div className="flex h-11 items-center justify-between gap-3 border-b border-line px-4 sm:px-6">
        <p className="text-[0.8125rem] font-medium">
          {plural(fileCount(skill), "file")}
        </p>
        <span className="text-xs text-ink-3">
          {formatBytes(skill.totalBytes)} unpacked
        </span>
      </div>
      <Files files={files.slice(0, SHOWN)} skill={skill} />
      {rest.length > 0 ? (
        <details className="border-t border-line">
          <summary className="flex items-center gap-1.5 px-4 py-2.5 text-[0.8125rem] text-ink-2 hover:text-ink sm:px-6">
            <FoldSign />
            {plural(rest.length + unlisted, "more file")}
          </summary>
          <div className="border-t border-line">
            <Files files={rest} skill={skill} />
            {unlisted > 0 ? (
              <p className="px-4 pb-3 text-[0.8125rem] text-ink-3 sm:px-6">
                {plural(unlisted, "more file")} with names too long to list
                here.
              </p>
            ) : null}
          </div>
        </details>
      ) : null}
    </Panel>
  );
}

function Files({
  files,
  skill,
}: {
  files: SkillView["files"];
  skill: SkillView;
}) {
  return (
    <ul className="py-1.5">
      {files.map((file) => {
        const url = sourceUrl(skill, file.path);
        return (
          <li
            key={file.path}
            className="flex items-baseline gap-2.5 px-4 py-1 text-[0.8125rem] sm:px-6"
          >
            <Icon
              name={file.executable ? "terminal" : "file"}
              size={14}
              className="translate-y-0.5 text-ink-3"
            />
            {/* All of its name: what it would run is to be read first. */}
            <span className="min-w-0 flex-1 wrap-anywhere">
              <span className="mr-2 font-mono">
                {url ? (
                  <a
                    className="hover:underline"
                    href={url}
                    rel="noopener nofollow"
                    target="_blank"
                  >
                    {file.path}
                  </a>
                ) : (
                  file.path
                )}
              </span>
              {file.executable ? <Chip tone="warn">executable</Chip> : null}
            </span>
            <span className="tabular shrink-0 text-right text-ink-3">
              {formatBytes(file.size)}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
