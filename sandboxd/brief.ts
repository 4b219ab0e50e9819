import { agentName } from "./skill-key";

export type TurnSkill = {
  name: string;
  key: string;
  digest: string;
  path: string;
};

/**
 * What the agent is told at every turn. The skill's name is somebody's free
 * text: quoted as JSON, one line, so that it cannot add instructions here.
 */
export function brief(skill: TurnSkill, workingDirectory: string): string {
  const call = JSON.stringify({ name: agentName(skill.key, skill.digest) });
  return [
    `The user launched the Agent Skill ${quote(skill.name)} from ${quote(skill.key)}.`,
    `If it is not loaded in this conversation yet, load it before anything else: call skill_view with ${call}`,
    "Use exactly that name: other installed skills may share the plain one. Then follow the skill in what the user asks.",
    `Files that come with the skill are in ${quote(skill.path)}; treat that folder as read-only.`,
    `Your working directory is ${quote(workingDirectory)}. Keep the files you make there unless the user says otherwise.`,
    "This is a disposable Linux sandbox that belongs to the user. Answer in Markdown.",
  ].join("\n");
}

function quote(text: string): string {
  return JSON.stringify(text.replaceAll(/\s+/g, " ").slice(0, 300));
}
