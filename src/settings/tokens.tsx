"use client";

import { useLayoutEffect, useRef, useState } from "react";
import { api } from "@convex/_generated/api";
import { useRecord } from "../data/use-record";
import { Button } from "../ui/button";
import { Callout, FailureCallout } from "../ui/callout";
import { CopyButton } from "../ui/copy-button";
import { Empty, Panel, Section } from "../ui/panel";
import { Skeleton } from "../ui/skeleton";
import { useFocusBack } from "../ui/use-focus-back";
import { TokenForm } from "./token-form";
import { TokenRow } from "./token-row";

/** A person's tokens for programs: made here, shown once, revoked here. */
export function Tokens() {
  const tokens = useRecord(api.tokens.list, {});
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const opener = useFocusBack(making || made !== null);

  return (
    <Section
      id="tokens"
      title="Personal tokens"
      caption="For the HTTP API and the command line. A token cannot read keys, change settings or make tokens."
      aside={
        making ? null : (
          <Button
            ref={opener}
            size="sm"
            onClick={() => {
              setMade(null);
              setMaking(true);
            }}
          >
            New token
          </Button>
        )
      }
    >
      <div className="space-y-3">
        {made ? <MadeToken token={made} onDone={() => setMade(null)} /> : null}
        {making ? (
          <Panel className="animate-appear p-4 sm:p-5">
            <TokenForm
              onMade={(token) => {
                setMade(token);
                setMaking(false);
              }}
              onCancel={() => setMaking(false)}
            />
          </Panel>
        ) : null}
        {tokens.status === "loading" ? (
          <Panel className="p-5">
            <Skeleton className="h-4 w-44" />
          </Panel>
        ) : tokens.status === "failed" ? (
          <FailureCallout failure={tokens.failure} />
        ) : tokens.value.length > 0 ? (
          <Panel>
            <ul className="divide-y divide-line">
              {tokens.value.map((token) => (
                <TokenRow key={token.tokenId} token={token} />
              ))}
            </ul>
          </Panel>
        ) : making || made ? null : (
          <Empty title="No tokens yet">
            Make one to launch skills from a script or the command line.
          </Empty>
        )}
      </div>
    </Section>
  );
}

/** The only time the token is seen. */
function MadeToken({ token, onDone }: { token: string; onDone: () => void }) {
  const seen = useRef<HTMLDivElement>(null);
  // The form went with the focus, and this is to be heard before all else.
  useLayoutEffect(() => seen.current?.focus(), []);
  return (
    <div
      ref={seen}
      tabIndex={-1}
      role="group"
      aria-label="Copy your token now. It cannot be shown again."
    >
      <Callout tone="ok" icon="key" title="Copy your token now">
        <p>It is not stored and cannot be shown again.</p>
        <div className="mt-3 flex flex-wrap items-center gap-2">
          <code
            aria-label="Your new token"
            className="min-w-0 flex-1 rounded-md border border-line-strong bg-surface px-3 py-2 font-mono text-xs break-all text-ink select-all"
          >
            {token}
          </code>
          <CopyButton text={token} />
          <Button size="sm" variant="ghost" onClick={onDone}>
            Done
          </Button>
        </div>
      </Callout>
    </div>
  );
}
