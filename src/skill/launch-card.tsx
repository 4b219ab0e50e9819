"use client";

import { useState } from "react";
import { api } from "@convex/_generated/api";
import { shortSha } from "../data/format";
import { useRecord } from "../data/use-record";
import { useAuthState } from "../identity/identity";
import { signInPath } from "../routes";
import { Button, ButtonLink } from "../ui/button";
import { FailureCallout } from "../ui/callout";
import { Icon } from "../ui/icon";
import { Panel } from "../ui/panel";
import { Forecast } from "./forecast";
import { OwnChoice } from "./own-choice";
import { useLaunch } from "./use-launch";

/** The name is a stranger's: a long one wraps, so that the button says what it does. */
const WHOLE = "h-auto! min-h-12 w-full py-2.5 whitespace-normal! wrap-anywhere";

type Props = {
  skillKey: string;
  sha: string;
  link: string;
  name: string;
  /** Names of the values the skill asks for. */
  secrets: string[];
};

/** What launching means, and the one button that does it. Pressing it is the consent. */
export function LaunchCard({ skillKey, sha, link, name, secrets }: Props) {
  const auth = useAuthState();
  const consented = useRecord(api.launches.consented, { skillKey, sha });
  const [own, setOwn] = useState(secrets.length > 0);
  const { launch, busy, failure } = useLaunch({ skillKey, sha, own });
  const agreed = consented.status === "ready" && consented.value;

  return (
    <Panel className="overflow-hidden">
      <div className="p-5">
        {auth === "signed-in" ? (
          <Button
            variant="primary"
            size="lg"
            className={WHOLE}
            busy={busy}
            onClick={() => void launch()}
          >
            {busy ? "Launching" : `Launch ${name}`}
          </Button>
        ) : (
          // Also what the server renders: before scripts run it leads to sign-in, which
          // sends whoever is signed in already straight back.
          <ButtonLink
            href={signInPath(link)}
            variant="primary"
            size="lg"
            className={WHOLE}
          >
            {auth === "signed-out" ? "Sign in to launch" : `Launch ${name}`}
          </ButtonLink>
        )}
        <p className="mt-3.5 text-[0.8125rem] leading-5 text-ink-2">
          {agreed ? (
            <>
              <Icon
                name="check"
                size={14}
                className="mr-1 inline-block align-[-2px] text-ok"
              />
              You agreed to run this commit before.
            </>
          ) : (
            <>
              Launching runs a stranger&rsquo;s instructions and scripts, at
              commit <span className="font-mono">{shortSha(sha)}</span>, in a
              sandbox of yours. By launching you agree to that.
            </>
          )}
        </p>
        {failure ? (
          <div className="mt-4">
            <FailureCallout failure={failure} />
          </div>
        ) : null}
      </div>
      <OwnChoice own={own} onChange={setOwn} secrets={secrets} />
      <Forecast skillKey={skillKey} sha={sha} own={own} />
    </Panel>
  );
}
