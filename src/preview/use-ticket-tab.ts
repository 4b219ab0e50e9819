import { useAction } from "convex/react";
import type { FunctionArgs, FunctionReturnType } from "convex/server";
import type { FormEvent } from "react";
import { api } from "@convex/_generated/api";
import { useAttempt } from "../data/use-attempt";

type Purpose = FunctionArgs<typeof api.tickets.issue>["purpose"];
type Issued = FunctionReturnType<typeof api.tickets.issue>;

/** A form that opens what the relay serves by a ticket, in a tab of its own. */
export function useTicketTab(slotId: string) {
  const issue = useAction(api.tickets.issue);
  const { doing, failure, run } = useAttempt<"open">();

  async function open(
    event: FormEvent,
    purpose: Purpose,
    addressOf: (issued: Issued) => string,
  ) {
    event.preventDefault();
    // At once, while the click still allows it; where it leads comes later.
    const tab = window.open("", "_blank");
    if (tab) tab.opener = null;
    const led = issue({ slotId, purpose }).then((issued) => {
      const url = addressOf(issued);
      if (tab) tab.location.replace(url);
      else window.location.assign(url);
    });
    if (!(await run("open", led))) tab?.close();
  }

  return { open, busy: doing !== null, failure };
}
