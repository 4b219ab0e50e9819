"use client";

import { useAction } from "convex/react";
import { useId, useState, type FormEvent } from "react";
import { api } from "@convex/_generated/api";
import { failureOf, type Failure } from "../data/failure";
import { Button } from "../ui/button";
import { Input } from "../ui/field";
import { previewUrl } from "./address";

/** Shows what a server in the sandbox serves, in a tab and on a host of its own. */
export function OpenPort({
  slotId,
  relayUrl,
}: {
  slotId: string;
  relayUrl: string;
}) {
  const issue = useAction(api.tickets.issue);
  const [port, setPort] = useState("3000");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const id = useId();

  async function open(event: FormEvent) {
    event.preventDefault();
    // At once, while the click still allows it; where it leads comes later.
    const tab = window.open("", "_blank");
    if (tab) tab.opener = null;
    setBusy(true);
    setFailure(null);
    try {
      const purpose = { kind: "port", port: Number(port) } as const;
      const { ticket, label } = await issue({ slotId, purpose });
      const url = previewUrl(relayUrl, label ?? "", ticket);
      if (tab) tab.location.replace(url);
      else window.location.assign(url);
    } catch (error) {
      tab?.close();
      setFailure(failureOf(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <form onSubmit={(event) => void open(event)} className="space-y-2">
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
        <p role="alert" className="text-sm text-danger">
          {failure.message} {failure.next}
        </p>
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
