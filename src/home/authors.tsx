import Image from "next/image";
import { CopyButton } from "../ui/copy-button";
import { Section } from "../ui/panel";

/** The badge an author puts into a README. */
export function Authors({ origin }: { origin: string }) {
  const snippet = `[![Launch in Slipway](${origin}/badge.svg)](${origin}/OWNER/REPO/SKILL)`;
  return (
    <Section
      id="authors"
      title="You wrote a skill?"
      caption="Put a launch badge into its README. Its address is the repository's, on this host."
    >
      <div className="flex flex-col gap-4 rounded-lg border border-line bg-surface p-4 shadow-card sm:flex-row sm:items-center">
        <Image
          src="/badge.svg"
          alt="Launch in Slipway"
          width={157}
          height={28}
          unoptimized
          className="shrink-0"
        />
        <code
          tabIndex={0} // scrolls by keyboard too
          className="min-w-0 flex-1 overflow-x-auto font-mono text-xs whitespace-nowrap text-ink-2 sm:border-l sm:border-line sm:pl-4"
        >
          {snippet}
        </code>
        <CopyButton text={snippet} />
      </div>
    </Section>
  );
}
