"use client";

import { useQueries } from "convex/react";
import {
  getFunctionName,
  type FunctionArgs,
  type FunctionReference,
  type FunctionReturnType,
} from "convex/server";
import { convexToJson } from "convex/values";
import { useEffect, useMemo, useState } from "react";
import { useAuthState } from "../identity/identity";
import { afterAnswer, freshHistory, readOf, type Read } from "./reads";

/**
 * Reads one of the person's records, reactively. Nothing is asked before the backend
 * has confirmed who asks; signed out it stays "loading" and the page shows a sign-in
 * instead. Answers to what is no longer asked are dropped.
 */
export function useRecord<Q extends FunctionReference<"query">>(
  query: Q,
  args: FunctionArgs<Q> | "skip",
): Read<FunctionReturnType<Q>> {
  const auth = useAuthState();
  return useSubscription(query, auth === "signed-in" ? args : "skip");
}

function useSubscription<Q extends FunctionReference<"query">>(
  query: Q,
  args: FunctionArgs<Q> | "skip",
): Read<FunctionReturnType<Q>> {
  type Value = FunctionReturnType<Q>;
  const key =
    args === "skip"
      ? ""
      : `${getFunctionName(query)} ${JSON.stringify(convexToJson(args))}`;
  const [state, setState] = useState(() => freshHistory<Value>(key));
  // What was read under another key belongs to another route or user.
  const history = state.key === key ? state : freshHistory<Value>(key);

  const asking = key !== "" && history.pause === null;
  const requests = useMemo(
    () =>
      asking && args !== "skip" ? { record: { query, args } } : NOTHING_ASKED,
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` stands for query and args
    [key, asking],
  );
  const answer: unknown = useQueries(requests)["record"];

  // Adjusting state while rendering, as React advises, so no stale frame is painted.
  if (asking && answer !== undefined) {
    if (answer instanceof Error) {
      if (history.error !== answer) {
        setState(afterAnswer(history, { error: answer }));
      }
    } else if (history.good?.value !== answer || history.error !== null) {
      setState(afterAnswer(history, { value: answer as Value }));
    }
  } else if (state !== history) {
    setState(history);
  }

  const { pause } = history;
  useEffect(() => {
    if (pause === null) return;
    const timer = setTimeout(() => {
      setState((now) =>
        now.key === key ? { ...now, pause: null, error: null } : now,
      );
    }, pause);
    return () => clearTimeout(timer);
  }, [pause, key]);

  return readOf(history);
}

const NOTHING_ASKED = {};
