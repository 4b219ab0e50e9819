import type { Metadata } from "next";
import { Scene } from "../brand/scene";
import { AppBar } from "../shell/app-bar";
import { ButtonLink } from "../ui/button";

export const metadata: Metadata = { title: "Not found" };

export default function NotFound() {
  return (
    <>
      <AppBar />
      <main className="relative min-h-[calc(100dvh-3.5rem)] overflow-hidden">
        <div className="relative z-10 mx-auto max-w-2xl px-4 pt-16 pb-72 sm:px-6 sm:pt-24">
          <p className="caption">404</p>
          <h1 className="mt-2 text-[2rem] leading-tight font-semibold tracking-[-0.03em]">
            Nothing is moored here
          </h1>
          <p className="mt-3 max-w-[46ch] text-lg text-ink-2">
            Check the address. A skill lives at{" "}
            <span className="font-mono text-base">/owner/repo/skill</span>;
            where the owner has a name that Slipway needs itself, such as
            “docs”, at{" "}
            <span className="font-mono text-base">/gh/owner/repo/skill</span>.
          </p>
          <div className="mt-6 flex gap-2.5">
            <ButtonLink href="/" variant="primary">
              Open a skill
            </ButtonLink>
            <ButtonLink href="/dashboard" prefetch={false}>
              Dashboard
            </ButtonLink>
          </div>
        </div>
        <Scene
          progress={1}
          className="pointer-events-none absolute -right-5 bottom-0 w-[24rem] max-w-none sm:right-[max(-4rem,calc(50vw-40rem))] sm:w-[34rem]"
        />
      </main>
    </>
  );
}
