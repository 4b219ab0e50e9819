import { existsSync } from "node:fs";
import { join } from "node:path";
import { runGit } from "../../emulators/skillhost/git";

/** Runs git in a folder and returns its output, trimmed. */
export async function git(folder: string, ...args: string[]): Promise<string> {
  const env = { GIT_ALLOW_PROTOCOL: "file:http" };
  const result = await runGit(["-C", folder, ...args], { env });
  if (result.code !== 0) {
    throw new Error(`git ${args.join(" ")}: ${result.stderr}`);
  }
  return result.stdout.trim();
}

/** Commits all files of a folder; makes it a repository first if it is none. */
export async function commitAll(folder: string, branch = "main") {
  if (!existsSync(join(folder, ".git"))) {
    await git(folder, "init", "-q", "-b", branch);
  }
  await git(folder, "add", "-A");
  const author = "-c user.name=Ada -c user.email=ada@example.invalid";
  await git(folder, ...author.split(" "), "commit", "-q", "-m", "Commit");
}
