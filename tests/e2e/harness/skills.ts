import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A repository's files: path to content. */
export type Files = Record<string, string | Uint8Array>;

/** SKILL.md of a skill that says one thing. */
export function skillMd(name: string, words: string): string {
  return `---\nname: ${name}\ndescription: A skill of the tests, called ${name}.\n---\n\n${words}\n`;
}

/** Makes a repository with one commit where the skill host looks for it. */
export async function repository(
  skillsDir: string,
  owner: string,
  repo: string,
  files: Files,
): Promise<void> {
  const dir = join(skillsDir, owner, repo);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), content);
  }
  git(dir, "init", "-q", "-b", "main");
  git(dir, "add", "-A");
  git(dir, "commit", "-q", "-m", "Skills");
}

export function git(dir: string, ...args: string[]): string {
  const who = ["-c", "user.name=Test", "-c", "user.email=test@example.com"];
  const { exitCode, stdout, stderr } = Bun.spawnSync(
    ["git", "-C", dir, ...who, "-c", "commit.gpgsign=false", ...args],
    { stdout: "pipe", stderr: "pipe" },
  );
  if (exitCode !== 0) throw new Error(stderr.toString());
  return stdout.toString();
}
