import { Misunderstood } from "./answer";
import { UsageError } from "./arguments";
import { oneLine, Refused, Unreachable, type Problem } from "./client";
import { TooLate } from "./watch";

const NOT_ALLOWED = [401, 403];

const IS_IT_UP =
  "Check that Slipway runs (npx -y bun@1.4.5 start), and that SLIPWAY_URL is its address.";
const MAY_BE_DONE =
  "It may have been done all the same: look (list) before you try again, or repeat it with the --key it had.";

type Told = Pick<Problem, "code" | "detail" | "next" | "choices">;

/** What went wrong, as programs are told it, and the exit code. */
export function problemOf(error: unknown): { exit: number; problem: Told } {
  if (error instanceof Refused) {
    const { problem } = error;
    return { exit: NOT_ALLOWED.includes(problem.status) ? 3 : 1, problem };
  }
  if (error instanceof UsageError) {
    return { exit: 2, problem: { code: "usage", detail: error.message } };
  }
  if (error instanceof Unreachable) {
    const next = error.changes ? MAY_BE_DONE : IS_IT_UP;
    const detail = error.message;
    return { exit: 4, problem: { code: "unreachable", detail, next } };
  }
  if (error instanceof Misunderstood) {
    const next =
      "Check SLIPWAY_URL, and that this command line is as new as that Slipway.";
    const detail = error.message;
    return { exit: 4, problem: { code: "unexpected_answer", detail, next } };
  }
  if (error instanceof TooLate) {
    const next = "It goes on: look again with list sandboxes.";
    return { exit: 1, problem: { code: "late", detail: error.message, next } };
  }
  const next =
    "Look whether it was done (list) before you try again; if it stays, report these words.";
  const detail = `Something unexpected happened: ${oneLine(String(error))}.`;
  return { exit: 1, problem: { code: "unexpected", detail, next } };
}

/** The same for people: a line, and under it what they may choose from. */
export function wordsOfProblem({ detail, next, choices }: Told): string {
  const names = choices?.map(({ skill }) => `  ${skill}`) ?? [];
  return [`${detail}${next ? ` ${next}` : ""}`, ...names].join("\n");
}
