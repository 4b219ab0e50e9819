import type { Scope } from "@convex/model/scopes";

/** What a scope lets a program do, in a person's words. */
export const ABOUT_SCOPE: Record<Scope, string> = {
  read: "see launches, conversations and sandboxes",
  launch: "launch skills and talk to their agents",
  control:
    "stop, start, replace and delete sandboxes; open their terminals, ports and files; delete sessions",
};
