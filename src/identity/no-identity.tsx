"use client";

import { ConvexProviderWithAuth, type ConvexReactClient } from "convex/react";
import type { ReactNode } from "react";

const signedOut = {
  isLoading: false,
  isAuthenticated: false,
  fetchAccessToken: () => Promise.resolve(null),
};

/** No issuer is configured: pages can be read, nobody can sign in. */
export function NoIdentity({
  client,
  children,
}: {
  client: ConvexReactClient;
  children: ReactNode;
}) {
  return (
    <ConvexProviderWithAuth client={client} useAuth={useNobody}>
      {children}
    </ConvexProviderWithAuth>
  );
}

function useNobody() {
  return signedOut;
}
