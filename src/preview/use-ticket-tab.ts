import { useAction } from "convex/react";
import type { FunctionArgs, FunctionReturnType } from "convex/server";
import { useState, type FormEvent } from "react";
import { api } from "@convex/_generated/api";
import { failureOf, type Failure } from "../data/failure";

type Purpose = FunctionArgs<typeof api.tickets.issue>["purpose"];
type Issued = FunctionReturnType<typeof api.tickets.issue>;

/** A form that opens what the relay serves by a ticket, in a tab of its own. */
export function useTicketTab(slotId: string) {
  const issue = useAction(api.tickets.issue);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);

  async function open(
    event: FormEvent,
    purpose: Purpose,
    addressOf: (issued: Issued) => string,
  ) {
    event.preventDefault();
    // At once, while the click still allows it; where it leads comes later.
    const tab = window.open("", "_blank");
    if (tab) tab.opener = null;
    setBusy(true);
    setFailure(null);
    try {
      const url = addressOf(await issue({ slotId, purpose }));
      if (tab) tab.location.replace(url);
      else window.location.assign(url);
    } catch (error) {
      tab?.close();
      setFailure(failureOf(error));
    } finally {
      setBusy(false);
    }
  }

  return { open, busy, failure };
}
