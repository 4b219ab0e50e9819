import { Section } from "../ui/panel";

const STEPS = [
  {
    title: "Read before you run",
    text: "The page shows the skill at one exact commit: its instructions, its files and what looks odd.",
  },
  {
    title: "Launch, once",
    text: "Your agreement holds for that commit. The server makes or wakes your sandbox and installs the skill; tabs only watch.",
  },
  {
    title: "Talk",
    text: "The agent has the skill and works in its own folder. The next skill joins the same sandbox in seconds.",
  },
];

/** Three lines, on a draught scale. */
export function HowItWorks() {
  return (
    <Section id="how" title="How it works">
      <ol className="grid gap-x-8 gap-y-7 md:grid-cols-3">
        {STEPS.map((step, index) => (
          <li
            key={step.title}
            className="relative border-l border-water-line pl-5"
          >
            <span
              aria-hidden="true"
              className="absolute top-[0.7rem] -left-px h-px w-2.5 bg-accent-ink"
            />
            <h3 className="font-medium">
              <span className="mr-2 font-mono text-sm text-accent-ink">
                {index + 1}
              </span>
              {step.title}
            </h3>
            <p className="mt-1 max-w-[46ch] text-sm text-ink-2">{step.text}</p>
          </li>
        ))}
      </ol>
    </Section>
  );
}
