"use client";

import { ClerkProvider, useAuth, useClerk, useUser } from "@clerk/nextjs";
import type { ConvexReactClient } from "convex/react";
import { ConvexProviderWithClerk } from "convex/react-clerk";
import { useEffect, useMemo, useState, type ReactNode } from "react";
import { IdentityContext, type Identity } from "./identity";

/** How long Clerk's script may take before the page says that it did not load. */
const LOAD_MS = 15_000;

/** Imported only where Clerk is configured; its code is a chunk of its own. */
export function ClerkIdentity({
  publishableKey,
  nonce,
  client,
  children,
}: {
  publishableKey: string;
  /** Clerk's scripts come from its own host; the policy lets them in by this. */
  nonce: string | undefined;
  client: ConvexReactClient;
  children: ReactNode;
}) {
  return (
    <ClerkProvider
      publishableKey={publishableKey}
      nonce={nonce}
      signInUrl="/sign-in"
    >
      <ConvexProviderWithClerk client={client} useAuth={useAuth}>
        <ClerkBridge>{children}</ClerkBridge>
      </ConvexProviderWithClerk>
    </ClerkProvider>
  );
}

function ClerkBridge({ children }: { children: ReactNode }) {
  const { isLoaded, isSignedIn, user } = useUser();
  const clerk = useClerk();
  const [late, setLate] = useState(false);
  const [stuck, setStuck] = useState(false);

  useEffect(() => {
    if (isLoaded) return;
    const timer = setTimeout(() => setLate(true), LOAD_MS);
    return () => clearTimeout(timer);
  }, [isLoaded]);

  const identity = useMemo<Identity>(
    () => ({
      signedIn: isLoaded ? isSignedIn : null,
      name: user
        ? (user.username ??
          user.firstName ??
          user.primaryEmailAddress?.emailAddress ??
          "you")
        : null,
      trouble:
        late && !isLoaded
          ? "The sign-in service did not load. A blocker or the network may be in the way."
          : stuck
            ? "You could not be signed out: the sign-in service did not answer."
            : null,
      retry: () => location.reload(),
      switches: false,
      signOut: () => {
        clerk.signOut({ redirectUrl: "/" }).catch((error: unknown) => {
          console.error(error);
          setStuck(true);
        });
      },
    }),
    [isLoaded, isSignedIn, user, late, stuck, clerk],
  );
  return <IdentityContext value={identity}>{children}</IdentityContext>;
}
