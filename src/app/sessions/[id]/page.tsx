import type { Metadata } from "next";
import { SessionScreen } from "../../../chat/session-screen";

export const metadata: Metadata = {
  title: "Session",
  robots: { index: false },
};

export default async function SessionPage({
  params,
}: {
  params: Promise<{ id: string }>;
}) {
  const { id } = await params;
  const sessionId = decodeURIComponent(id);
  return <SessionScreen key={sessionId} sessionId={sessionId} />;
}
