"use client";

import { useMutation } from "convex/react";
import { useEffect, useState } from "react";
import { api } from "@convex/_generated/api";
import { useServerNow } from "../data/server-clock";
import type { SandboxView } from "../data/types";
import { useAttempt } from "../data/use-attempt";
import { Button } from "../ui/button";
import { FailureLine } from "../ui/failure-line";
import { askedFor, heardOf, lapsed, LOOK_WORDS, type Look } from "../view/look";

/** As long as a look may take, in ms; what came of it is said as long. */
const PATIENCE = 25_000;

/** Has a running sandbox looked at now, rather than within the minute, and says what was found. */
export function CheckNow({ sandbox }: { sandbox: SandboxView }) {
  const { slotId, state } = sandbox;
  const ask = useMutation(api.sandboxes.look);
  const { doing, failure, run } = useAttempt<"look">();
  const [look, setLook] = useState<Look>({ kind: "none" });
  const running = state.status === "running";
  const now = useServerNow(running ? 1_000 : null);

  const heard = heardOf(look, sandbox);
  if (heard !== look) setLook(heard);

  useEffect(() => {
    if (look.kind === "none") return;
    const timer = setTimeout(() => setLook(lapsed), PATIENCE);
    return () => clearTimeout(timer);
  }, [look]);

  async function press() {
    // As it is known before: the answer may come first.
    const asked = askedFor(sandbox, now);
    setLook({ kind: "none" });
    if (await run("look", ask({ slotId }))) setLook(asked);
  }

  if (!running) return null;
  return (
    <div className="text-xs font-normal">
      <Button
        size="sm"
        variant="ghost"
        className="-ml-2.5"
        busy={doing !== null || look.kind === "asked"}
        onClick={() => void press()}
      >
        Check now
      </Button>
      {/* Room for what it says: nothing on the card moves when it does. */}
      <p role="status" className="min-h-[2lh] text-ink-3 xl:min-h-[1lh]">
        {LOOK_WORDS[look.kind]}
      </p>
      <FailureLine failure={failure} />
    </div>
  );
}
