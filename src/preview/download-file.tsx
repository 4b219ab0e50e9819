"use client";

import { useId, useState, type FormEvent } from "react";
import { Button } from "../ui/button";
import { FailureLine } from "../ui/failure-line";
import { Input } from "../ui/field";
import { fileUrl } from "./address";
import { useTicketTab } from "./use-ticket-tab";

/** Saves one file of the sandbox, of any size, straight to the disk. */
export function DownloadFile({
  slotId,
  relayUrl,
  folder,
}: {
  slotId: string;
  relayUrl: string;
  /** Where the agent one looks at works, below the sandbox's home; "" for none. */
  folder: string;
}) {
  const { open, busy, failure } = useTicketTab(slotId);
  const [path, setPath] = useState(folder);
  const id = useId();

  const submit = (event: FormEvent) =>
    open(event, { kind: "file", path }, ({ ticket }) =>
      fileUrl(relayUrl, ticket),
    );

  return (
    <form onSubmit={(event) => void submit(event)} className="space-y-2">
      <label htmlFor={id} className="block text-sm font-medium">
        Download a file
      </label>
      <div className="flex gap-2">
        <div className="max-w-md min-w-0 flex-1">
          <Input
            id={id}
            placeholder="report.pdf"
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
        <FailureLine failure={failure} />
      ) : (
        <p className="text-[0.8125rem] text-ink-3">
          A path below the sandbox&rsquo;s home, /home/daytona
          {folder ? ", which begins with this conversation\u2019s folder" : ""}.
        </p>
      )}
    </form>
  );
}
