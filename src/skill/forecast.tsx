"use client";

import { api } from "@convex/_generated/api";
import type { SandboxView } from "../data/types";
import { useRecord } from "../data/use-record";
import { Icon, type IconName } from "../ui/icon";

/** What pressing Launch will do, given what the records say of your sandbox. */
export function Forecast({ skillKey, sha }: { skillKey: string; sha: string }) {
  const sandboxes = useRecord(api.sandboxes.list, {});
  const sandbox = sandboxes.status === "ready" ? sandboxes.value[0] : undefined;
  const first = firstStep(sandbox, skillKey, sha);
  return (
    <div className="border-t border-line bg-sunken/60 px-5 py-4.5">
      <h2 className="caption">What will happen</h2>
      <ol className="mt-3 space-y-2.5 text-[0.8125rem] leading-5 text-ink-2">
        <Line icon={first.icon}>{first.text}</Line>
        <Line icon="shield">
          The skill&rsquo;s files go into it, checked against their digest.
        </Line>
        <Line icon="chat">
          A conversation opens with an agent that has the skill. Skills in one
          sandbox can read one another&rsquo;s files.
        </Line>
        <Line icon="clock">
          The sandbox stops by itself when it is idle. Close the tab whenever
          you like.
        </Line>
      </ol>
    </div>
  );
}

function Line({
  icon,
  children,
}: {
  icon: IconName;
  children: React.ReactNode;
}) {
  return (
    <li className="flex gap-2.5">
      <Icon name={icon} size={14} className="mt-0.75 text-ink-3" />
      <span className="min-h-10">{children}</span>
    </li>
  );
}

function firstStep(
  sandbox: SandboxView | undefined,
  skillKey: string,
  sha: string,
): { icon: IconName; text: string } {
  switch (sandbox?.state.status) {
    case "running":
      return sandbox.skills.some(
        (skill) => skill.skillKey === skillKey && skill.sha === sha,
      )
        ? {
            icon: "check",
            text: "Your sandbox is running and has this commit already.",
          }
        : {
            icon: "box",
            text: "Your sandbox is running; the skill joins it in seconds.",
          };
    case "creating":
    case "starting":
      return {
        icon: "box",
        text: "Your sandbox is on its way up; the skill joins it.",
      };
    case "stopped":
    case "stopping":
      return {
        icon: "power",
        text: "Your stopped sandbox is started again, with its files.",
      };
    default:
      return {
        icon: "box",
        text: "A sandbox is made for you, apart from everybody else's.",
      };
  }
}
