import { convexTest } from "convex-test";
import { api } from "../../convex/_generated/api";
import { toFailure, type Failure } from "../../convex/model/errors";
import schema from "../../convex/schema";
import { convexModules, rateLimiterModules } from "./convex-modules";

const limiter = await rateLimiterModules();
/** The functions on a backend without a server; git hosts are as the environment says. */
export const backend = () => {
  const t = convexTest(schema, convexModules());
  t.registerComponent("rateLimiter", limiter.schema, limiter.modules);
  return t;
};
type Backend = ReturnType<typeof backend>;

export async function openSkill(t: Backend, link: string) {
  const answer = await t.action(api.skills.open, { link });
  if (answer.kind !== "skill") throw new Error(`${link} is a choice`);
  return answer.skill;
}

export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  try {
    await promise;
  } catch (error) {
    return toFailure(error);
  }
  throw new Error("It did not fail.");
}
