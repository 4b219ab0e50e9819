import { agentName } from "./skill-key";

export type TurnSkill = {
  name: string;
  key: string;
  digest: string;
  path: string;
};

/**
 * What the agent is told at every turn. The skill's name is somebody's free
 * text: quoted as JSON, one short line, so that it cannot add instructions here.
 * Key and folders are quoted whole: shortened they would name others.
 */
export function brief(skill: TurnSkill, workingDirectory: string): string {
  const call = JSON.stringify({ name: agentName(skill.key, skill.digest) });
  return [
    `The user launched the Agent Skill ${quote(shortened(skill.name))} from ${quote(skill.key)}.`,
    `If it is not loaded in this conversation yet, load it before anything else: call skill_view with ${call}`,
    "Use exactly that name: other installed skills may share the plain one. Then follow the skill in what the user asks.",
    `Files that come with the skill are in ${quote(skill.path)}; treat that folder as read-only.`,
    `Your working directory is ${quote(workingDirectory)}. Keep the files you make there unless the user says otherwise.`,
    "This is a disposable Linux sandbox that belongs to the user. Answer in Markdown.",
  ].join("\n");
}

function shortened(text: string): string {
  return text.replaceAll(/\s+/g, " ").slice(0, 300);
}

/** As JSON, with whatever else could end a line or hide written as an escape. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\p{Cc}\u2028\u2029]/gu,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
