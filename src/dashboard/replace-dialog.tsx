"use client";

import type { SandboxView } from "../data/types";
import { Confirm, type Asking } from "../ui/confirm";
import { isShared } from "../view/words";

/** What replacing a sandbox means, before it is done. */
export function ReplaceDialog({
  sandbox,
  ...asking
}: Asking & { sandbox: SandboxView }) {
  return (
    <Confirm
      {...asking}
      title={
        isShared(sandbox)
          ? "Replace this sandbox?"
          : `Replace the sandbox of ${sandbox.name}?`
      }
      action="Replace sandbox"
      keep="Not now"
      variant="primary"
    >
      <p>
        {sandbox.restartNeeded
          ? "An update is available: a new sandbox is made from it, and takes this one's place. "
          : "A new sandbox is made and takes this one's place. "}
        It takes a minute or two, and can be resumed if it halts.
      </p>
      <p className="mt-3 font-medium text-ink">What is kept</p>
      <ul className="mt-1 list-disc space-y-1 pl-5">
        <li>the folder of each conversation, with the files in it</li>
        <li>what the agent remembers of them</li>
        <li>the skills, which are installed again</li>
      </ul>
      <p className="mt-3 font-medium text-ink">What is lost</p>
      <ul className="mt-1 list-disc space-y-1 pl-5">
        <li>programs that run in it now</li>
        <li>packages that were installed, and files outside those folders</li>
      </ul>
      <p className="mt-3">
        Meanwhile launches into it wait. More than 200 MiB or 50,000 files are
        not copied: it halts before anything is deleted.
      </p>
    </Confirm>
  );
}
