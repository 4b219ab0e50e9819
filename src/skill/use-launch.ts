"use client";

import { useMutation } from "convex/react";
import { useRef, useState } from "react";
import { api } from "@convex/_generated/api";
import { insist } from "../data/insist";
import { newClientId } from "../data/intent";
import { useOpenLaunched } from "../data/open-session";
import { useAttempt } from "../data/use-attempt";

/** Asks for a launch once per click, however often the request has to be sent. */
export function useLaunch({
  skillKey,
  sha,
  own,
}: {
  skillKey: string;
  sha: string;
  /** In a sandbox that no other skill shares. */
  own: boolean;
}) {
  const request = useMutation(api.launches.request);
  const openLaunched = useOpenLaunched();
  const { doing, failure, run } = useAttempt<"launch">();
  const [leaving, setLeaving] = useState(false);
  const intent = useRef<string | null>(null);

  async function launch() {
    if (intent.current) return; // a second click of the same intent
    const clientId = newClientId();
    intent.current = clientId;
    const taken = insist(() => request({ skillKey, sha, own, clientId }));
    await run(
      "launch",
      taken.then(({ sessionId }) => {
        openLaunched(sessionId);
        setLeaving(true); // the page is about to change
      }),
    );
    intent.current = null;
  }

  return { launch, busy: leaving || doing !== null, failure };
}
