"use client";

import { useMutation } from "convex/react";
import type { FunctionReturnType } from "convex/server";
import { useState } from "react";
import { api } from "@convex/_generated/api";
import { useAttempt } from "../data/use-attempt";
import { Button } from "../ui/button";
import { Confirm } from "../ui/confirm";
import { FailureLine } from "../ui/failure-line";
import { Age } from "../ui/time";

type TokenView = FunctionReturnType<typeof api.tokens.list>[number];

/** One token: what it may do, when it was used last, and how to end it. */
export function TokenRow({ token }: { token: TokenView }) {
  const revoke = useMutation(api.tokens.revoke);
  const [asking, setAsking] = useState(false);
  const { doing, failure, run } = useAttempt<"revoke">();
  const { tokenId, name, prefix, scopes, lastUsedAt, expiresAt } = token;
  const close = () => setAsking(false);

  return (
    <li className="p-4 sm:px-5">
      <div className="flex items-center justify-between gap-4">
        <div className="min-w-0">
          <p className="truncate font-medium">{name}</p>
          <p className="mt-0.5 text-sm text-ink-3">
            <span className="font-mono text-xs">{prefix}…</span> ·{" "}
            {scopes.join(", ")} ·{" "}
            {lastUsedAt ? (
              <>
                used <Age at={lastUsedAt} />
              </>
            ) : (
              "never used"
            )}
            {expiresAt ? ` · until ${dayOf(expiresAt)}` : ""}
          </p>
        </div>
        <Button
          size="sm"
          variant="danger"
          aria-label={`Revoke ${name}`}
          onClick={() => setAsking(true)}
        >
          Revoke
        </Button>
      </div>
      <FailureLine failure={failure} className="mt-2" />
      <Confirm
        open={asking}
        title={`Revoke “${name}”?`}
        action="Revoke token"
        busy={doing !== null}
        onConfirm={() => void run("revoke", revoke({ tokenId })).then(close)}
        onClose={close}
      >
        What uses it stops working at once. This cannot be undone.
      </Confirm>
    </li>
  );
}

/** The same for the server and for every reader, whatever their clock is set to. */
function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
