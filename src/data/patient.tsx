import { headers } from "next/headers";
import { within } from "@convex/model/within";
import { Suspense, type ReactNode } from "react";

/** How long a full page load waits before it shows a skeleton instead. */
const PATIENCE_MS = 1_500;

/**
 * Holds back what `work` is needed for. A full page load waits a moment, so that what
 * the records know is in the page itself, whole without any script; what takes longer,
 * and a click inside the app, has the skeleton to look at.
 */
export async function Patient({
  work,
  fallback,
  children,
}: {
  work: Promise<unknown>;
  fallback: ReactNode;
  children: ReactNode;
}) {
  const destination = (await headers()).get("sec-fetch-dest");
  const done = work.then(() => true);
  const whole = destination !== "empty" && (await within(PATIENCE_MS, done));
  return whole ? children : <Suspense fallback={fallback}>{children}</Suspense>;
}
