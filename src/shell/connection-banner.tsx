"use client";

import { useConvexConnectionState } from "convex/react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useAuthState, useIdentity } from "../identity/identity";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";

/** Reconnects that take less than this are not worth a word. */
const PATIENCE_MS = 2_500;

/** Rendering it on the server would open a socket there, one per page. */
export function ConnectionBanner() {
  const inBrowser = useSyncExternalStore(
    () => () => undefined,
    () => true,
    () => false,
  );
  return inBrowser ? <Banner /> : null;
}

/**
 * Says so while the line to the backend is down, or nobody can be signed in. The
 * Convex client reconnects by itself and catches up once; nothing polls meanwhile.
 */
function Banner() {
  const { isWebSocketConnected, hasEverConnected } = useConvexConnectionState();
  const { trouble, retry } = useIdentity();
  const auth = useAuthState();
  const [down, setDown] = useState(false);

  useEffect(() => {
    if (isWebSocketConnected) {
      setDown(false);
      return;
    }
    const timer = setTimeout(() => setDown(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [isWebSocketConnected]);

  const words = trouble
    ? `${auth === "signed-in" ? "" : "You could not be signed in. "}${trouble}`
    : hasEverConnected
      ? "Connection lost. Reconnecting; what you see may be out of date."
      : "Cannot reach the backend yet. Trying again.";
  const shown = trouble !== null || down;
  return (
    <div
      // There before its words are: what comes with them is not read out.
      role="status"
      // Below the bar: at the bottom it would cover where messages are written.
      className="pointer-events-none fixed inset-x-0 top-17 z-50 flex justify-center px-4"
    >
      {shown ? (
        <div className="flex animate-rise max-w-lg items-center gap-3 rounded-lg border border-line-strong bg-raised py-2 pr-2.5 pl-3.5 text-sm shadow-lift">
          <Icon
            name={trouble ? "alert" : "waves"}
            className={trouble ? "text-danger" : "animate-breathe text-warn"}
          />
          <span className="py-1">{words}</span>
          {trouble ? (
            <Button size="sm" className="pointer-events-auto" onClick={retry}>
              Try again
            </Button>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}
