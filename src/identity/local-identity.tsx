"use client";

import type { ConvexReactClient } from "convex/react";
import { ConvexProviderWithAuth } from "convex/react";
import {
  createContext,
  useCallback,
  useContext,
  useMemo,
  useState,
  useSyncExternalStore,
  type ReactNode,
} from "react";
import { IdentityContext, type Identity } from "./identity";
import { readNames, subscribeNames, withCurrent, writeNames } from "./names";
import { createTokenSource, type TokenSource } from "./token";

type LocalAuth = {
  isLoading: boolean;
  isAuthenticated: boolean;
  fetchAccessToken: TokenSource;
};

const nobody: TokenSource = () => Promise.resolve(null);
const LocalAuthContext = createContext<LocalAuth>({
  isLoading: true,
  isAuthenticated: false,
  fetchAccessToken: nobody,
});

/** Signs in against this machine's own issuer, with a name and no password. */
export function LocalIdentity({
  client,
  children,
}: {
  client: ConvexReactClient;
  children: ReactNode;
}) {
  // Undefined on the server and while hydrating: not known yet.
  const user = useSyncExternalStore(
    subscribeNames,
    () => readNames().current,
    () => undefined,
  );
  const [trouble, setTrouble] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);

  const fetchAccessToken = useMemo(() => {
    if (!user) return nobody;
    void attempt; // a retry is a new source, which the Convex client asks anew
    return createTokenSource({ user, onTrouble: setTrouble });
  }, [user, attempt]);

  const auth = useMemo<LocalAuth>(
    () => ({
      isLoading: user === undefined,
      isAuthenticated: Boolean(user),
      fetchAccessToken,
    }),
    [user, fetchAccessToken],
  );

  const retry = useCallback(() => {
    setTrouble(null);
    setAttempt((count) => count + 1);
  }, []);
  const identity = useMemo<Identity>(
    () => ({
      signedIn: user === undefined ? null : user !== null,
      name: user ?? null,
      trouble: user ? trouble : null,
      retry,
      switches: true,
      signOut: () => writeNames(withCurrent(readNames(), null)),
    }),
    [user, trouble, retry],
  );

  return (
    <LocalAuthContext value={auth}>
      <IdentityContext value={identity}>
        <ConvexProviderWithAuth client={client} useAuth={useLocalAuth}>
          {children}
        </ConvexProviderWithAuth>
      </IdentityContext>
    </LocalAuthContext>
  );
}

function useLocalAuth(): LocalAuth {
  return useContext(LocalAuthContext);
}
