"use client";

import dynamic from "next/dynamic";
import { Scene } from "../brand/scene";
import { useConfig } from "../shell/providers";
import { Callout } from "../ui/callout";
import { Skeleton } from "../ui/skeleton";
import { LocalSignIn } from "./local-sign-in";

const ClerkSignIn = dynamic(
  () => import("./clerk-sign-in").then((module) => module.ClerkSignIn),
  { loading: () => <Skeleton className="h-96 rounded-lg" />, ssr: false },
);

/** `next` is where to go afterwards; null when a person came here by themselves. */
export function SignInScreen({ next }: { next: string | null }) {
  const { identity } = useConfig();
  return (
    <div className="relative flex-1 overflow-hidden">
      <div className="relative z-10 mx-auto max-w-md px-4 pt-12 pb-72 sm:pt-20">
        <h1 className="text-[2rem] leading-tight font-semibold tracking-[-0.03em]">
          Sign in
        </h1>
        {next && next !== "/" ? (
          <p className="mt-2 text-ink-2">
            Then on to{" "}
            <span className="font-mono text-[0.8125rem] break-all">
              {next.replace(/^\//, "")}
            </span>
          </p>
        ) : (
          <p className="mt-2 text-pretty text-ink-2">
            Sandboxes, sessions and keys belong to whoever is signed in.
          </p>
        )}
        <div className="mt-8">
          {identity.kind === "local" ? (
            <LocalSignIn next={next} />
          ) : identity.kind === "clerk" ? (
            <ClerkSignIn next={next ?? "/dashboard"} />
          ) : (
            <Callout tone="warn" title="Nobody can sign in here yet">
              The operator must set NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY and
              CLERK_SECRET_KEY here, and AUTH_PROVIDER on the Convex deployment.
              Skills can be read meanwhile.
            </Callout>
          )}
        </div>
      </div>
      <Scene
        progress={0.05}
        className="pointer-events-none absolute -right-5 bottom-0 w-[24rem] max-w-none sm:right-[max(-4rem,calc(50vw-40rem))] sm:w-[34rem]"
      />
    </div>
  );
}
