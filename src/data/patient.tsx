import { headers } from "next/headers";
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
  const whole = destination !== "empty" && (await within(work, PATIENCE_MS));
  return whole ? children : <Suspense fallback={fallback}>{children}</Suspense>;
}

async function within(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([work.then(() => true as const), late]);
  } finally {
    clearTimeout(timer);
  }
}
