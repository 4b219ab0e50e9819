"use client";

import { useState } from "react";
import { failureOf, type Failure } from "./failure";

/**
 * What a person asked for and how it went: `doing` names what is under way, and
 * `failure` says why the last one was refused.
 */
export function useAttempt<Doing extends string>() {
  const [doing, setDoing] = useState<Doing | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);

  async function run(what: Doing, work: Promise<unknown>): Promise<void> {
    setDoing(what);
    setFailure(null);
    try {
      await work;
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setDoing(null);
    }
  }

  return { doing, failure, run };
}
