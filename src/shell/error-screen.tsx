"use client";

import { Button } from "../ui/button";

/**
 * A page that broke: said plainly, with two ways on. It is loaded anew: code that
 * failed to load once fails in the page that stays.
 */
export function ErrorScreen({ digest }: { digest: string | undefined }) {
  return (
    <div className="mx-auto max-w-xl px-6 py-24">
      <h1 className="text-2xl font-semibold tracking-[-0.02em]">
        This page broke
      </h1>
      <p className="mt-2 text-ink-2">
        What you launched and wrote is on record and carries on. Try the page
        again; if it breaks once more, tell the operator
        {digest ? (
          <>
            {" "}
            and give them <span className="font-mono text-sm">{digest}</span>
          </>
        ) : null}
        .
      </p>
      <div className="mt-6 flex gap-2.5">
        <Button
          variant="primary"
          icon="refresh"
          onClick={() => location.reload()}
        >
          Try again
        </Button>
        <Button onClick={() => location.assign("/dashboard")}>Dashboard</Button>
      </div>
    </div>
  );
}
