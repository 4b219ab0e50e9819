"use client";

import { useCallback, useState } from "react";
import { failureOf, type Failure } from "./failure";

/**
 * What a person asked for and how it went: `doing` names what is under way, and
 * `failure` says why the last one was refused, until the next is asked for.
 */
export function useAttempt<Doing extends string>() {
  const [doing, setDoing] = useState<Doing | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);

  /** Answers whether it was done. */
  const run = useCallback(
    async (what: Doing, work: Promise<unknown>): Promise<boolean> => {
      setDoing(what);
      setFailure(null);
      try {
        await work;
        return true;
      } catch (error) {
        setFailure(failureOf(error));
        return false;
      } finally {
        // Another may have been asked for meanwhile.
        setDoing((now) => (now === what ? null : now));
      }
    },
    [],
  );

  return { doing, failure, run };
}
