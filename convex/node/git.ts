"use node";

import { Errors, listServerRefs } from "isomorphic-git";
import type {
  GitHttpRequest,
  GitHttpResponse,
  ServerRef,
} from "isomorphic-git";
import { ConvexError } from "convex/values";
import { refuse, toFailure } from "../model/errors";
import { hostLabel } from "../model/skills/hosts";
import type { GitHost } from "../model/skills/hosts";
import type { RepositoryHead } from "../model/skills/resolution";
import { fetchFromHost, unreachable } from "./fetch";

/** Time for all of one question to a git host. */
const LIMIT_MS = 10_000;
/** A host that answers with more than this is not answering our question. */
const ANSWER_LIMIT = 8 * 1024 * 1024;

/**
 * The default branch of a repository and its commit, over git's own protocol: no
 * API, no API's rate limit.
 *
 * A private repository is "missing" to us, as its host says. When the repository
 * moved, `owner` and `repo` are its new names.
 *
 * Throws `repo_unreachable`, `rate_limited`, and `skill_not_found` when it is empty.
 */
export async function resolveHead(
  host: GitHost,
  owner: string,
  repo: string,
): Promise<RepositoryHead> {
  let answer;
  try {
    answer = await askRefs(host, owner, repo, "HEAD");
  } catch (error) {
    if (toFailure(error).code !== "repo_not_found") throw error;
    return { kind: "missing" };
  }
  const { refs, ...place } = answer;
  const head = refs.find((ref) => ref.ref === "HEAD");
  if (!head?.oid) {
    throw refuse("skill_not_found", `${owner}/${repo} has no commits yet.`);
  }
  const branch = (head.target ?? "HEAD").replace(/^refs\/heads\//, "");
  return { kind: "found", ...place, branch, sha: head.oid };
}

/**
 * The branch or tag at the beginning of `ref/with/slashes/and/path`, resolved
 * against what the repository really has (the longest wins), and the path after it.
 *
 * Throws as `resolveHead`, and `skill_not_found` when there is no such ref.
 */
export async function resolveRef(
  host: GitHost,
  owner: string,
  repo: string,
  refAndPath: string,
): Promise<{ branch: string; sha: string; path: string }> {
  const first = refAndPath.split("/", 1)[0] ?? "";
  let best: { ref: ServerRef; name: string } | undefined;
  for (const kind of ["refs/heads/", "refs/tags/"]) {
    const { refs } = await askRefs(host, owner, repo, kind + first);
    for (const ref of refs) {
      const name = ref.ref.slice(kind.length);
      const fits = refAndPath === name || refAndPath.startsWith(`${name}/`);
      if (fits && name.length > (best?.name.length ?? 0)) best = { ref, name };
    }
  }
  if (!best) {
    throw refuse(
      "skill_not_found",
      `${owner}/${repo} has no branch or tag "${first}". Links to a single commit are not opened yet.`,
    );
  }
  const { ref, name } = best;
  const path = refAndPath.slice(name.length + 1);
  return { branch: name, sha: ref.peeled ?? ref.oid, path };
}

async function askRefs(
  host: GitHost,
  owner: string,
  repo: string,
  prefix: string,
): Promise<{ refs: ServerRef[]; owner: string; repo: string }> {
  const signal = AbortSignal.timeout(LIMIT_MS);
  let moved: { owner: string; repo: string } | null = null;
  const request = async (asked: GitHttpRequest): Promise<GitHttpResponse> => {
    const body = asked.body && (await collect(asked.body));
    const method = asked.method === "POST" ? "POST" : "GET";
    const answer = await fetchFromHost(asked.url, {
      host: host.host,
      method,
      headers: asked.headers,
      body,
      signal,
    });
    if (answer.headers.has("x-slipway-refused")) {
      // Our own skill host says what its operator has to do.
      throw refuse("repo_unreachable", (await answer.text()).trim());
    }
    moved ??= movedTo(host, answer.url, owner, repo);
    return {
      url: answer.url,
      method,
      headers: Object.fromEntries(answer.headers),
      // Whole, for the library takes a body that breaks off for one that ended. It
      // takes any iterable; its types say an async one.
      body: [await readAll(answer, host)] as unknown as GitHttpResponse["body"],
      statusCode: answer.status,
      statusMessage: answer.statusText,
    };
  };
  try {
    const refs = await listServerRefs({
      http: { request },
      url: `${host.gitUrl}/${owner}/${repo}.git`,
      protocolVersion: 2,
      prefix,
      symrefs: true,
      peelTags: true,
    });
    return { refs, ...(moved ?? { owner, repo }) };
  } catch (error) {
    throw explain(error, host, owner, repo);
  }
}

function explain(error: unknown, host: GitHost, owner: string, repo: string) {
  if (error instanceof Errors.HttpError) {
    return statusFailure(error.data.statusCode, host, owner, repo);
  }
  if (error instanceof Error && "isIsomorphicGitError" in error) {
    // An HTML page, a proxy's greeting, an answer cut off.
    return refuse(
      "repo_unreachable",
      `${host.host} did not answer as a git host does.`,
    );
  }
  const aborted =
    error instanceof Error &&
    (error.name === "TimeoutError" || error.name === "AbortError");
  return aborted ? unreachable(host.host, error) : error;
}

/** What an HTTP status of a git host means; also for its archives. */
export function statusFailure(
  status: number,
  host: GitHost,
  owner: string,
  repo: string,
) {
  switch (status) {
    // GitHub asks for a password where there is nothing, to hide what is private.
    case 401:
    case 404:
    case 410:
    case 451:
      return refuse(
        "repo_not_found",
        `There is no public repository ${owner}/${repo} on ${hostLabel(host.host)}.`,
      );
    case 403:
    case 429:
      return refuse("rate_limited", `${host.host} asks us to slow down.`);
    default:
      return refuse(
        "repo_unreachable",
        `${host.host} answered with status ${status}.`,
      );
  }
}

/** The new name of a repository whose host sent us on, if it has one. */
function movedTo(host: GitHost, url: string, owner: string, repo: string) {
  if (!url.startsWith(`${host.gitUrl}/`)) return null;
  const path = url.slice(host.gitUrl.length + 1).toLowerCase();
  const [newOwner = "", newRepo = ""] = path.split("/");
  const bare = newRepo.replace(/\.git$/, "");
  const same = newOwner === owner && bare === repo;
  return same || !newOwner || !bare ? null : { owner: newOwner, repo: bare };
}

async function collect(body: AsyncIterable<Uint8Array> | Uint8Array[]) {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function readAll(answer: Response, host: GitHost): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Async iterable in Node, where this runs; the types are the browser's.
  const body = answer.body as unknown as AsyncIterable<Uint8Array> | null;
  try {
    for await (const chunk of body ?? []) {
      size += chunk.length;
      if (size > ANSWER_LIMIT) {
        throw refuse("repo_unreachable", `${host.host} answers without end.`);
      }
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof ConvexError ? error : unreachable(host.host, error);
  }
  return Buffer.concat(chunks);
}
