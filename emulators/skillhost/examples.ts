import { readdir, readFile, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { runGit } from "./git";

export const EXAMPLES = { owner: "slipway", repo: "examples" };

/** What editors and interpreters leave behind is no part of a skill. */
const IGNORED = new Set([".DS_Store", "__pycache__", "node_modules", ".git"]);

/**
 * Commits the folder of example skills, as `skills/<name>/...`, into a bare
 * repository in the data folder and returns that repository's path.
 *
 * The commit has no parent and a fixed author and date, so the same content is the
 * same sha on every machine; a launch pinned to it stays good after a restart.
 */
export async function buildExamples(
  dataDir: string,
  examplesDir: string,
): Promise<string> {
  const gitDir = join(dataDir, "slipway-examples.git");
  await mkdir(gitDir, { recursive: true });
  await must(["init", "--quiet", "--bare", "--initial-branch=main", gitDir]);
  const files = await collect(examplesDir);
  if (files.length === 0) {
    throw new Error(`${examplesDir} holds no example skills.`);
  }
  // fast-import: one process whatever the number of files.
  await must(
    ["--git-dir", gitDir, "fast-import", "--quiet", "--force"],
    stream(files),
  );
  const head = await must(["--git-dir", gitDir, "rev-parse", "main"]);
  const sha = head.stdout.trim();
  // Earlier states stay reachable: someone may have agreed to one of them.
  await must(["--git-dir", gitDir, "update-ref", `refs/kept/${sha}`, sha]);
  return gitDir;
}

type ExampleFile = { path: string; executable: boolean; content: Buffer };

async function collect(root: string, below = ""): Promise<ExampleFile[]> {
  const files: ExampleFile[] = [];
  const entries = await readdir(join(root, below), { withFileTypes: true });
  for (const entry of entries) {
    if (IGNORED.has(entry.name) || entry.name.endsWith(".pyc")) continue;
    const path = below ? `${below}/${entry.name}` : entry.name;
    if (entry.isDirectory()) files.push(...(await collect(root, path)));
    else if (entry.isFile()) {
      const { mode } = await stat(join(root, path));
      files.push({
        path,
        executable: (mode & 0o100) !== 0,
        content: await readFile(join(root, path)),
      });
    } else throw new Error(`${join(root, path)} is neither file nor folder.`);
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The input of `git fast-import` for one commit that holds exactly these files. */
function stream(files: ExampleFile[]): Buffer {
  const message = "The skills that ship with Slipway\n";
  const parts: (string | Buffer)[] = [
    "commit refs/heads/main\n",
    "committer Slipway <examples@slipway.invalid> 1735689600 +0000\n",
    `data ${Buffer.byteLength(message)}\n${message}`,
    "deleteall\n",
  ];
  for (const { path, executable, content } of files) {
    const mode = executable ? "100755" : "100644";
    const name = `skills/${path}`.replace(/["\\\n]/g, (c) =>
      c === "\n" ? "\\n" : `\\${c}`,
    );
    parts.push(`M ${mode} inline "${name}"\ndata ${content.length}\n`);
    parts.push(content, "\n");
  }
  // Without `from`, a commit on a branch that exists would take it as its parent.
  parts.unshift("reset refs/heads/main\n\n");
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}

async function must(args: string[], input?: Uint8Array) {
  const result = await runGit(args, { input });
  if (result.code !== 0) {
    throw new Error(`git ${args[0]} failed: ${result.stderr.trim()}`);
  }
  return result;
}
