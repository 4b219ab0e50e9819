import { v } from "convex/values";
import type { Infer } from "convex/values";
import { skillView } from "../../validators";

/** The fields of a `SkillLink`. */
export const linkFields = {
  host: v.union(v.string(), v.null()),
  owner: v.string(),
  repo: v.string(),
  path: v.string(),
  refAndPath: v.union(v.string(), v.null()),
};

/** A skill to pick from. */
export const choice = v.object({
  path: v.string(),
  name: v.string(),
  description: v.string(),
  link: v.string(), // the page's path
});

// When the git host did not answer and its last word was used instead.
const staleSince = v.optional(v.number());

/** What a link turned out to mean. */
export const opened = v.union(
  v.object({ kind: v.literal("skill"), skill: skillView, staleSince }),
  v.object({
    staleSince,
    kind: v.literal("choices"),
    owner: v.string(),
    repo: v.string(),
    sha: v.string(),
    link: v.string(), // the page's path
    choices: v.array(choice),
  }),
);
export type Opened = Infer<typeof opened>;
export type SkillView = Infer<typeof skillView>;
