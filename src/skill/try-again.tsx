"use client";

import { useRouter } from "next/navigation";
import { useTransition } from "react";
import { Button } from "../ui/button";

/** Asks the server for this page anew. */
export function TryAgain() {
  const router = useRouter();
  const [busy, start] = useTransition();
  return (
    <Button
      variant="primary"
      icon="refresh"
      busy={busy}
      onClick={() => start(() => router.refresh())}
    >
      Try again
    </Button>
  );
}
