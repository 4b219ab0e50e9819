"use client";

import { useId, useState, type FormEvent } from "react";
import { Button } from "../ui/button";
import { FailureLine } from "../ui/failure-line";
import { Input } from "../ui/field";
import { previewUrl } from "./address";
import { useTicketTab } from "./use-ticket-tab";

/** Shows what a server in the sandbox serves, in a tab and on a host of its own. */
export function OpenPort({
  slotId,
  relayUrl,
}: {
  slotId: string;
  relayUrl: string;
}) {
  const { open, busy, failure } = useTicketTab(slotId);
  const [port, setPort] = useState("3000");
  const id = useId();

  const submit = (event: FormEvent) =>
    open(event, { kind: "port", port: Number(port) }, ({ ticket, label }) =>
      previewUrl(relayUrl, label ?? "", ticket),
    );

  return (
    <form onSubmit={(event) => void submit(event)} className="space-y-2">
      <label htmlFor={id} className="block text-sm font-medium">
        Open a port
      </label>
      <div className="flex gap-2">
        <div className="w-28">
          <Input
            id={id}
            inputMode="numeric"
            pattern="[0-9]{1,5}"
            required
            value={port}
            onChange={(event) => setPort(event.target.value)}
          />
        </div>
        <Button type="submit" icon="external" busy={busy}>
          Open
        </Button>
      </div>
      {failure ? (
        <FailureLine failure={failure} />
      ) : (
        <p className="max-w-prose text-[0.8125rem] text-ink-3">
          Serve on 127.0.0.1 in the sandbox, for example{" "}
          <code className="font-mono text-xs">python3 -m http.server 3000</code>
          . Only you can open it, for four hours at most.
        </p>
      )}
    </form>
  );
}
