"use client";

import { api } from "@convex/_generated/api";
import { useRecord } from "../data/use-record";
import { useAuthState } from "../identity/identity";
import { SessionList } from "../dashboard/session-list";
import { Section } from "../ui/panel";

/** A signed-in person's latest sessions; nothing at all for anybody else. */
export function Recent() {
  const auth = useAuthState();
  const sessions = useRecord(api.sessions.list, {});
  if (auth !== "signed-in") return null;
  if (sessions.status !== "ready" || sessions.value.length === 0) return null;
  return (
    <Section id="recent" title="Carry on">
      <SessionList sessions={sessions.value.slice(0, 4)} />
    </Section>
  );
}
