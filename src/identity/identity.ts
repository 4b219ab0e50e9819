"use client";

import { useConvexAuth } from "convex/react";
import { createContext, useContext } from "react";

/** What an identity provider (local, Clerk) tells the pages. */
export type Identity = {
  /** Null while the provider is still finding out. */
  signedIn: boolean | null;
  /** What to call the person; null while signed out or not known yet. */
  name: string | null;
  /** Why a token could not be had, in words for a person; null when all is well. */
  trouble: string | null;
  retry: () => void;
  /** Whether somebody else can sign in where one is signed in already. */
  switches: boolean;
  signOut: () => void;
};

export const IdentityContext = createContext<Identity>({
  signedIn: false,
  name: null,
  trouble: null,
  switches: false,
  retry: () => undefined,
  signOut: () => undefined,
});

export function useIdentity(): Identity {
  return useContext(IdentityContext);
}

export type AuthState = "loading" | "signed-out" | "signed-in" | "trouble";

/**
 * Whether the backend itself has confirmed who is asking. Nothing is asked of it
 * before this leaves "loading".
 */
export function useAuthState(): AuthState {
  const { isLoading, isAuthenticated } = useConvexAuth();
  const identity = useIdentity();
  if (isAuthenticated) return "signed-in";
  if (identity.trouble) return "trouble";
  if (isLoading || identity.signedIn === null) return "loading";
  // Signed in at the provider, refused by the backend: its settings disagree.
  return identity.signedIn ? "trouble" : "signed-out";
}
