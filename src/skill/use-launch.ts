"use client";

import { useMutation } from "convex/react";
import { useRef, useState } from "react";
import { api } from "@convex/_generated/api";
import { failureOf, type Failure } from "../data/failure";
import { newClientId } from "../data/intent";
import { useOpenSession } from "../data/open-session";

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
  const openSession = useOpenSession();
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const intent = useRef<string | null>(null);

  async function launch() {
    if (intent.current) return; // a second click of the same intent
    intent.current = newClientId();
    setBusy(true);
    setFailure(null);
    try {
      const { sessionId } = await request({
        skillKey,
        sha,
        own,
        clientId: intent.current,
      });
      openSession(sessionId, { launched: true });
      // Stays busy: the page is about to change.
    } catch (error) {
      setFailure(failureOf(error));
      setBusy(false);
    } finally {
      intent.current = null;
    }
  }

  return { launch, busy, failure };
}
