"use client";

import { useMutation } from "convex/react";
import { useCallback, useEffect, useState } from "react";
import { api } from "@convex/_generated/api";
import { failureOf } from "../data/failure";
import { newClientId } from "../data/intent";
import {
  readOutbox,
  withFailure,
  without,
  withSent,
  writeOutbox,
  type Outgoing,
} from "./outbox";

/**
 * Sends messages, each under an id of its own, so that sending once more does not say
 * it twice. One is shown from here, and kept by the tab, until the record is there;
 * what was on its way when the page was left is sent on.
 */
export function useOutbox(sessionId: string) {
  const send = useMutation(api.sessions.send);
  const [outgoing, setOutgoing] = useState<Outgoing[]>([]);

  // What the tab keeps is what counts: an answer may come after the page was left.
  const change = useCallback(
    (next: (all: Outgoing[]) => Outgoing[]) => {
      const all = next(readOutbox(sessionStorage, sessionId));
      writeOutbox(sessionStorage, sessionId, all);
      setOutgoing(all);
    },
    [sessionId],
  );

  const drop = useCallback(
    (clientId: string) => change((all) => without(all, clientId)),
    [change],
  );

  const deliver = useCallback(
    async (clientId: string, text: string) => {
      change((all) => withSent(all, { clientId, text }));
      try {
        await send({ sessionId, text, clientId });
        drop(clientId); // resolves once the queries have it
      } catch (error) {
        change((all) => withFailure(all, clientId, failureOf(error)));
      }
    },
    [send, sessionId, change, drop],
  );

  useEffect(() => {
    const kept = readOutbox(sessionStorage, sessionId);
    setOutgoing(kept);
    for (const { clientId, text, failure } of kept) {
      if (!failure) void deliver(clientId, text);
    }
  }, [sessionId, deliver]);

  const submit = useCallback(
    (text: string) => void deliver(newClientId(), text),
    [deliver],
  );
  const again = useCallback(
    (one: Outgoing) => void deliver(one.clientId, one.text),
    [deliver],
  );
  return { outgoing, submit, again, drop };
}
