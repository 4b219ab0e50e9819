"use client";

import { usePathname } from "next/navigation";
import type { ReactNode } from "react";
import { useAuthState, useIdentity } from "../identity/identity";
import { signInPath } from "../routes";
import { Button, ButtonLink } from "../ui/button";
import { Empty } from "../ui/panel";

/** Shows what only a signed-in person has; to anybody else, why not and the way in. */
export function SignedIn({
  what,
  skeleton,
  children,
}: {
  /** As in "Sign in to see ...". */
  what: string;
  skeleton: ReactNode;
  children: ReactNode;
}) {
  const auth = useAuthState();
  const { trouble, retry } = useIdentity();
  const pathname = usePathname();
  switch (auth) {
    case "loading":
      return skeleton;
    case "signed-in":
      return children;
    case "signed-out":
      return (
        <Empty
          title={`Sign in to see ${what}`}
          action={
            <ButtonLink href={signInPath(pathname)} variant="primary">
              Sign in
            </ButtonLink>
          }
        >
          You come straight back here.
        </Empty>
      );
    case "trouble":
      return (
        <Empty
          title="You could not be signed in"
          action={
            <Button variant="primary" icon="refresh" onClick={retry}>
              Try again
            </Button>
          }
        >
          {trouble ??
            "The backend did not accept the sign-in. The operator must check its issuer settings."}
        </Empty>
      );
  }
}
