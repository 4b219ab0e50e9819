"use client";

import { useAction } from "convex/react";
import { useId, useState, type FormEvent } from "react";
import { api } from "@convex/_generated/api";
import { failureOf, type Failure } from "../data/failure";
import { Button } from "../ui/button";
import { Input } from "../ui/field";
import { fileUrl } from "./address";

/** Saves one file of the sandbox, of any size, straight to the disk. */
export function DownloadFile({
  slotId,
  relayUrl,
}: {
  slotId: string;
  relayUrl: string;
}) {
  const issue = useAction(api.tickets.issue);
  const [path, setPath] = useState("");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const id = useId();

  async function save(event: FormEvent) {
    event.preventDefault();
    const tab = window.open("", "_blank"); // closes itself when a file comes
    if (tab) tab.opener = null;
    setBusy(true);
    setFailure(null);
    try {
      const purpose = { kind: "file", path } as const;
      const { ticket } = await issue({ slotId, purpose });
      const url = fileUrl(relayUrl, ticket);
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
    <form onSubmit={(event) => void save(event)} className="space-y-2">
      <label htmlFor={id} className="block text-sm font-medium">
        Download a file
      </label>
      <div className="flex gap-2">
        <div className="max-w-md min-w-0 flex-1">
          <Input
            id={id}
            placeholder="sessions/…/report.pdf"
            required
            value={path}
            onChange={(event) => setPath(event.target.value)}
          />
        </div>
        <Button type="submit" icon="arrowDown" busy={busy}>
          Download
        </Button>
      </div>
      {failure ? (
        <p role="alert" className="text-sm text-danger">
          {failure.message} {failure.next}
        </p>
      ) : (
        <p className="text-[0.8125rem] text-ink-3">
          A path below the sandbox&rsquo;s home, /home/daytona.
        </p>
      )}
    </form>
  );
}
