/** `slipway` or `vercel-labs`: no dot, so that an owner never looks like a host. */
const OWNER = /^[a-z0-9](?:[a-z0-9_-]{0,98}[a-z0-9])?$/i;
const REPO = /^[a-z0-9._-]{1,100}$/i;

export type RepositoryName = { owner: string; repo: string };

/**
 * The repository a request names, with a trailing `.git` taken off, or null when
 * the names could be anything but two plain folder names.
 */
export function repositoryName(
  owner: string,
  repo: string,
): RepositoryName | null {
  const bare = repo.replace(/\.git$/i, "");
  const plain =
    OWNER.test(owner) && REPO.test(bare) && !/^\.+$/.test(bare) && bare !== "";
  return plain ? { owner, repo: bare } : null;
}

/** A full object name: SHA-1, or SHA-256 in repositories that use it. */
export function isCommitId(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}
