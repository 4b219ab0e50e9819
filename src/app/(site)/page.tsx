import { headers } from "next/headers";
import { api } from "@convex/_generated/api";
import { Scene } from "../../brand/scene";
import { Authors } from "../../home/authors";
import { Patient } from "../../data/patient";
import { runQuery } from "../../data/server";
import { Examples, ExamplesSkeleton } from "../../home/examples";
import { HowItWorks } from "../../home/how-it-works";
import { PasteBox } from "../../home/paste-box";
import { Recent } from "../../home/recent";
import { originOf } from "../../server/origin";

export default async function HomePage() {
  const examples = runQuery(api.skills.examples, {});
  const origin = originOf(await headers());
  return (
    <>
      <section className="relative overflow-x-clip">
        <div className="mx-auto max-w-6xl px-4 sm:px-6">
          <div className="relative z-20 max-w-[38rem] pt-14 pb-44 sm:pt-20 md:pb-32 lg:pt-24 lg:pb-36">
            <h1 className="text-[2.25rem] leading-[1.08] font-semibold tracking-[-0.035em] text-balance sm:text-[3.25rem]">
              Give an agent a skill and launch it.
            </h1>
            <p className="mt-5 max-w-[34rem] text-lg text-pretty text-ink-2 sm:text-[1.1875rem] sm:leading-[1.75rem]">
              Paste a link to any Agent Skill. Read what it does, agree once,
              and talk to an agent that has it, in a sandbox of its own.
            </p>
            <PasteBox />
          </div>
        </div>
        {/* Her waterline lies on this section's edge: see WATER in the scene. */}
        <Scene className="pointer-events-none absolute -right-6 bottom-[calc(var(--wide)*-80/720)] z-10 w-(--wide) max-w-none [--wide:27rem] sm:[--wide:34rem] md:-right-16 md:[--wide:42rem] lg:right-[max(-5rem,calc(50vw-43rem))] lg:[--wide:50rem]" />
      </section>

      <div className="relative flex-1 border-t border-water-line bg-water">
        <div className="relative z-20 mx-auto max-w-6xl space-y-16 px-4 pt-14 pb-20 sm:px-6 lg:space-y-20">
          <Patient work={examples} fallback={<ExamplesSkeleton />}>
            <Examples found={examples} />
          </Patient>
          {/* Below the fold: known only once the person is, and nothing may jump. */}
          <Recent />
          <HowItWorks />
          <Authors origin={origin} />
        </div>
      </div>
    </>
  );
}
