"use client";

import { SignIn } from "@clerk/nextjs";

export function ClerkSignIn({ next }: { next: string }) {
  return (
    <SignIn
      routing="hash"
      forceRedirectUrl={next}
      signUpForceRedirectUrl={next}
    />
  );
}
