"use client";

import { useMutation } from "convex/react";
import { useCallback, useState } from "react";
import { api } from "@convex/_generated/api";
import { failureOf, type Failure } from "../data/failure";
import { newClientId } from "../data/intent";

/** A message on its way, or one that could not be sent. */
export type Outgoing = {
  clientId: string;
  text: string;
  failure: Failure | null;
};

/**
 * Sends messages, each under an id of its own, so that sending once more does not say
 * it twice. One is shown from here until the record is.
 */
export function useOutbox(sessionId: string) {
  const send = useMutation(api.sessions.send);
  const [outgoing, setOutgoing] = useState<Outgoing[]>([]);

  const drop = useCallback((clientId: string) => {
    setOutgoing((all) => all.filter((one) => one.clientId !== clientId));
  }, []);

  const deliver = useCallback(
    async (clientId: string, text: string) => {
      setOutgoing((all) => [
        ...all.filter((one) => one.clientId !== clientId),
        { clientId, text, failure: null },
      ]);
      try {
        await send({ sessionId, text, clientId });
        drop(clientId); // resolves once the queries have it
      } catch (error) {
        const failure = failureOf(error);
        setOutgoing((all) =>
          all.map((one) =>
            one.clientId === clientId ? { ...one, failure } : one,
          ),
        );
      }
    },
    [send, sessionId, drop],
  );

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
