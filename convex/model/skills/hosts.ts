import { z } from "zod";
import { refuse } from "../errors";
import { DEFAULT_HOST, LOCAL_HOST } from "./key";

/** Where to ask for repositories and where to fetch one archive per commit. */
export type GitHost = {
  host: string;
  /** Below it `/{owner}/{repo}/info/refs` answers. */
  gitUrl: string;
  /** Below it `/{owner}/{repo}/tar.gz/{sha}` answers. */
  archiveUrl: string;
};

const address = z.url({ protocol: /^https?$/ }).transform((url) => {
  return url.replace(/\/+$/, "");
});

const hostsSchema = z
  .array(
    z.object({
      host: z
        .string()
        .regex(/^[a-z0-9.-]+(:\d+)?$/, "must be a lower-case host name"),
      gitUrl: address,
      archiveUrl: address,
    }),
  )
  .min(1);

const DEFAULT_HOSTS: GitHost[] = [
  {
    host: DEFAULT_HOST,
    gitUrl: "https://github.com",
    archiveUrl: "https://codeload.github.com",
  },
];

/**
 * The git hosts of a deployment in the order they are asked, from the JSON in
 * SLIPWAY_GIT_HOSTS; github.com alone when that is not set. Only these are ever
 * contacted. Throws when the setting is not valid.
 */
export function parseGitHosts(setting: string | undefined): GitHost[] {
  if (!setting) return DEFAULT_HOSTS;
  try {
    return hostsSchema.parse(JSON.parse(setting));
  } catch (error) {
    const reason =
      error instanceof z.ZodError ? z.prettifyError(error) : String(error);
    const message = `SLIPWAY_GIT_HOSTS cannot be read: ${reason}`;
    throw refuse("hosts_unreadable", message);
  }
}

/**
 * The hosts that may have what a link names, in the order to ask. Repositories of
 * this machine stand before github.com's of the same name, so that a link works
 * where github.com cannot be reached; a link to any other host means that host.
 */
export function hostsFor(
  named: string | null,
  hosts: readonly GitHost[],
): GitHost[] {
  if (named === null) return [...hosts];
  return hosts.filter(
    ({ host }) =>
      host === named || (named === DEFAULT_HOST && host === LOCAL_HOST),
  );
}

/** A host's name in a sentence. */
export function hostLabel(host: string): string {
  return host === LOCAL_HOST ? "this machine" : host;
}

/** The commit's page, for hosts whose addresses are known. */
export function commitUrl(
  host: string,
  owner: string,
  repo: string,
  sha: string,
): string | undefined {
  return host === DEFAULT_HOST
    ? `https://${host}/${owner}/${repo}/commit/${sha}`
    : undefined;
}
