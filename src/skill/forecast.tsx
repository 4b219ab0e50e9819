"use client";

import Link from "next/link";
import { api } from "@convex/_generated/api";
import type { SandboxView } from "../data/types";
import { useRecord } from "../data/use-record";
import { useAuthState } from "../identity/identity";
import { Icon, type IconName } from "../ui/icon";
import { isShared } from "../view/words";

/** What pressing Launch will do, given what the records say of your sandbox. */
export function Forecast({
  skillKey,
  sha,
  own,
}: {
  skillKey: string;
  sha: string;
  /** In a sandbox that no other skill shares. */
  own: boolean;
}) {
  const auth = useAuthState();
  const sandboxes = useRecord(api.sandboxes.list, {});
  const sandbox =
    sandboxes.status === "ready"
      ? sandboxes.value.find((one) =>
          own ? one.name === skillKey : isShared(one),
        )
      : undefined;
  const unknown = auth === "signed-in" && sandboxes.status !== "ready";
  const first = unknown ? anyOf(own) : firstStep(sandbox, skillKey, sha, own);
  const halted =
    sandbox?.state.status === "replacing" && sandbox.state.error !== undefined;
  return (
    <div className="border-t border-line bg-sunken/60 px-5 py-4.5">
      <h2 className="caption">What will happen</h2>
      <ol className="mt-3 space-y-2.5 text-[0.8125rem] leading-5 text-ink-2">
        <Line icon={first.icon}>
          {first.text}
          {halted ? (
            <>
              {" "}
              <Link href="/dashboard" prefetch={false} className="link">
                Open the dashboard
              </Link>
            </>
          ) : null}
        </Line>
        {first.isThere ? null : (
          <Line icon="shield">
            The skill&rsquo;s files go into it, checked against their digest.
          </Line>
        )}
        <Line icon="chat">
          A conversation opens with an agent that has the skill.
        </Line>
        <Line icon="clock">
          The sandbox stops by itself when it is idle. Close the tab whenever
          you like.
        </Line>
      </ol>
    </div>
  );
}

/** What comes first; with it the skill's files may be there already. */
type Step = { icon: IconName; text: string; isThere?: true };

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
  own: boolean,
): Step {
  const mine = own ? "Its own sandbox" : "Your sandbox";
  switch (sandbox?.state.status) {
    case "running":
      return sandbox.skills.some(
        (skill) => skill.skillKey === skillKey && skill.sha === sha,
      )
        ? {
            icon: "check",
            text: `${mine} is running and has this commit already.`,
            isThere: true,
          }
        : {
            icon: "box",
            text: `${mine} is running; the skill joins it in seconds.`,
          };
    case "creating":
    case "starting":
      return {
        icon: "box",
        text: `${mine} is on its way up; the skill joins it.`,
      };
    case "stopped":
    case "stopping":
      return {
        icon: "power",
        text: `${mine} is started again, with its files.`,
      };
    case "queued":
      return {
        icon: "clock",
        text: `${mine} waits for a place; the skill joins it.`,
      };
    case "replacing":
      return sandbox.state.error
        ? {
            icon: "alert",
            text: `The replacement of ${own ? "its own" : "your"} sandbox came to a halt. It has to go on, or be given up, before anything is launched.`,
          }
        : {
            icon: "refresh",
            text: `${mine} is being replaced; the skill joins the new one.`,
          };
    case "failed":
      if (sandbox.state.disk === "kept") {
        return {
          icon: "power",
          text: `${mine} broke; it is brought back, with its files.`,
        };
      }
      return afresh(own);
    default:
      return afresh(own);
  }
}

/** What may come while it is not known what there is. */
function anyOf(own: boolean): Step {
  return {
    icon: "box",
    text: `${own ? "Its own sandbox" : "Your sandbox"} is made, started or joined, whatever it needs.`,
  };
}

function afresh(own: boolean): Step {
  return {
    icon: "box",
    text: own
      ? "A sandbox is made for this skill alone."
      : "A sandbox is made for you, apart from everybody else's.",
  };
}
