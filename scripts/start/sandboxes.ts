/** What the sandbox server says of its host. Source: emulators/sandbox/http/operator.ts */
export type SandboxHealth = {
  isolation: { ok: true } | { ok: false; reason: string; remedy: string };
  /** By what each limit is held; "nothing", or "watched: ..." where it can be overrun. */
  heldBy: Record<string, string>;
};

/**
 * Asks the local sandbox server, `url` as it gave it when it was ready. Throws when
 * it does not answer.
 */
export async function lookAtHost(url: string): Promise<string[]> {
  const answer = await fetch(new URL("/health", url), {
    signal: AbortSignal.timeout(10_000),
  });
  return warningsOf((await answer.json()) as SandboxHealth);
}

const WORDS: Record<string, string> = {
  cpuCores: "processor time",
  memoryMiB: "memory",
  diskMiB: "disk",
};

/** What this host does not give sandboxes, for who starts them; a line each. */
export function warningsOf({ isolation, heldBy }: SandboxHealth): string[] {
  if (!isolation.ok) {
    const { reason, remedy } = isolation;
    return [`No sandbox can be started: ${reason} ${remedy}`];
  }
  const lacking = new Map<string, string[]>();
  for (const [limit, by] of Object.entries(heldBy)) {
    if (by !== "nothing" && !by.startsWith("watched")) continue;
    lacking.set(by, [...(lacking.get(by) ?? []), WORDS[limit] ?? limit]);
  }
  return [...lacking].map(([by, limits]) => {
    const what = limits.join(" and ");
    return by === "nothing"
      ? `Nothing on this host limits a sandbox's ${what}.`
      : `A sandbox can exceed its limit of ${what} for a moment: ${by.replace("watched: ", "")}`;
  });
}
