"use client";

import { useConvexConnectionState, useMutation } from "convex/react";
import { useEffect, useState, useSyncExternalStore } from "react";
import { api } from "@convex/_generated/api";
import { useOnline } from "../data/use-online";
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
  const online = useOnline();
  const down = useDown(isWebSocketConnected, online);

  const words = trouble
    ? `${auth === "signed-in" ? "" : "You could not be signed in. "}${trouble}`
    : !online
      ? "You are offline. What you see may be out of date."
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

/**
 * Whether nothing was heard for a while. A socket learns late that it is cut, the
 * window at once. But a Slipway on this machine is there without a network too, so
 * it is asked.
 */
function useDown(connected: boolean, online: boolean): boolean {
  const [down, setDown] = useState(false);
  const serverTime = useMutation(api.presence.now);

  useEffect(() => {
    if (connected && online) {
      setDown(false);
      return;
    }
    let heard = false;
    const hear = () => {
      heard = true;
    };
    if (connected) serverTime({}).then(hear, hear); // a refusal is an answer
    const timer = setTimeout(() => setDown(!heard), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [connected, online, serverTime]);

  return down;
}
