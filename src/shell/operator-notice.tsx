import { Mark, Wordmark } from "../brand/logo";

/** What a visitor sees of a deployment that is not set up: what is missing, and how to mend it. */
export function OperatorNotice({
  problem,
  next,
}: {
  problem: string;
  next: string;
}) {
  return (
    <main className="mx-auto flex min-h-dvh max-w-lg flex-col justify-center px-6 py-16">
      <div className="flex items-center gap-2.5">
        <Mark size={28} />
        <Wordmark />
        <span className="sr-only">Slipway</span>
      </div>
      <h1 className="mt-8 text-2xl font-semibold tracking-[-0.02em]">
        This Slipway is not set up yet
      </h1>
      <p className="mt-3 text-ink-2">{problem}</p>
      <p className="mt-3 text-ink-2">{next}</p>
      <p className="caption mt-8">For the operator of this site</p>
    </main>
  );
}
