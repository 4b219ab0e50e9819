import { join } from "node:path";
import { Readable } from "node:stream";
import { gunzipSync } from "node:zlib";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { runGit, startGit } from "./git";
import { isCommitId } from "./names";

/** A clone's list of wants is a few kilobytes; this is far above. */
export const REQUEST_LIMIT = 8 * 1024 * 1024;

const NO_CACHE = { "cache-control": "no-cache, max-age=0, must-revalidate" };

/** `GET info/refs`: what the repository has, or for protocol 2 what it can do. */
export async function advertise(
  gitDir: string,
  protocol: string | null,
  signal: AbortSignal,
): Promise<Response> {
  const env = protocolEnvironment(protocol);
  const child = startGit(
    ["upload-pack", "--stateless-rpc", "--advertise-refs", gitDir],
    { env, signal },
  );
  child.stdin.end();
  // Protocol 2 answers begin without the service line that 0 and 1 have.
  const preface =
    env.GIT_PROTOCOL === "version=2"
      ? ""
      : "001e# service=git-upload-pack\n0000";
  return new Response(output(child, preface), {
    headers: {
      "content-type": "application/x-git-upload-pack-advertisement",
      ...NO_CACHE,
    },
  });
}

/** `POST git-upload-pack`: one round of the conversation that lists or fetches. */
export async function uploadPack(
  gitDir: string,
  request: Request,
): Promise<Response> {
  const body = await readBody(request);
  const child = startGit(["upload-pack", "--stateless-rpc", gitDir], {
    env: protocolEnvironment(request.headers.get("git-protocol")),
    signal: request.signal,
  });
  child.stdin.on("error", (error) => log("upload-pack", error.message));
  child.stdin.end(body);
  return new Response(output(child), {
    headers: {
      "content-type": "application/x-git-upload-pack-result",
      ...NO_CACHE,
    },
  });
}

/** `GET /owner/repo/tar.gz/sha`: every file of one commit, below `repo-sha/`. */
export async function archive(
  gitDir: string,
  plainDir: string,
  repo: string,
  sha: string,
  signal: AbortSignal,
): Promise<Response> {
  if (!isCommitId(sha)) {
    return text(400, "Name a commit by its full 40-digit id.");
  }
  if (!(await isReachable(gitDir, sha))) {
    return text(404, `No branch or tag of this repository contains ${sha}.`);
  }
  const child = startGit(
    [
      "--git-dir",
      plainDir,
      "archive",
      "--format=tar.gz",
      `--prefix=${repo}-${sha}/`,
      sha,
    ],
    { signal, env: { GIT_OBJECT_DIRECTORY: join(gitDir, "objects") } },
  );
  child.stdin.end();
  return new Response(output(child), {
    headers: {
      "content-type": "application/x-gzip",
      "content-disposition": `attachment; filename=${repo}-${sha}.tar.gz`,
      etag: `"${sha}"`,
    },
  });
}

/** Objects that merely lie in the store (a fork's, a dropped branch's) do not count. */
async function isReachable(gitDir: string, sha: string): Promise<boolean> {
  const refs = await runGit([
    "--git-dir",
    gitDir,
    "for-each-ref",
    "--count=1",
    "--contains",
    sha,
  ]);
  if (refs.code === 0 && refs.stdout !== "") return true;
  const head = await runGit([
    "--git-dir",
    gitDir,
    "merge-base",
    "--is-ancestor",
    sha,
    "HEAD",
  ]);
  return head.code === 0;
}

function protocolEnvironment(header: string | null): Record<string, string> {
  return header && /^[a-z0-9=:]{1,64}$/.test(header)
    ? { GIT_PROTOCOL: header }
    : {};
}

/** git's output as it comes. A failure ends the stream short, which clients notice. */
function output(
  child: ChildProcessWithoutNullStreams,
  preface = "",
): ReadableStream<Uint8Array> {
  child.stderr.on("data", (chunk: Buffer) =>
    log("git", chunk.toString().trim()),
  );
  // Resolves with the error: nobody may be left to catch it when a client leaves.
  const ended = new Promise<Error | null>((resolve) => {
    child.on("error", resolve);
    child.on("close", (code) =>
      resolve(code === 0 ? null : new Error(`git ended with code ${code}`)),
    );
  });
  async function* chunks() {
    if (preface) yield Buffer.from(preface);
    for await (const chunk of child.stdout) yield chunk as Buffer;
    const failed = await ended;
    if (failed) throw failed;
  }
  return Readable.toWeb(
    Readable.from(chunks()),
  ) as unknown as ReadableStream<Uint8Array>;
}

async function readBody(request: Request): Promise<Uint8Array> {
  const sent = new Uint8Array(await request.arrayBuffer());
  // git compresses requests that are longer than a kilobyte.
  if (request.headers.get("content-encoding") !== "gzip") return sent;
  return gunzipSync(sent, { maxOutputLength: REQUEST_LIMIT });
}

export function text(status: number, message: string): Response {
  return new Response(`${message}\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}

function log(what: string, message: string): void {
  process.stderr.write(`skillhost: ${what}: ${message}\n`);
}
