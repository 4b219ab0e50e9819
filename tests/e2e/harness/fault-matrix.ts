import type { Fault } from "./operator";

/** What a person does, and which requests to the provider that makes. */
export type Stage =
  "create" | "turn" | "stop" | "wake" | "replace" | "delete" | "sweep";

/** Faults that befall one stage; fewer than `least` of them would prove nothing. */
export type Case = { stage: Stage; faults: Fault[]; least: number };

/** `{id}` stands for the sandbox, once it is known; `{new}` for the one that replaces it. */
const ROUTES: { stage: Stage; route: string }[] = [
  { stage: "create", route: "POST /sandbox" },
  { stage: "create", route: "GET /sandbox/{id}/ports/4500/preview-url" },
  { stage: "create", route: "POST /toolbox/{id}/files/bulk-upload" },
  { stage: "create", route: "POST /preview/{id}/4500/skills" },
  { stage: "create", route: "PUT /preview/{id}/4500/config" },
  { stage: "create", route: "GET /preview/{id}/4500/health" },
  { stage: "stop", route: "POST /sandbox/{id}/stop" },
  { stage: "wake", route: "POST /sandbox/{id}/start" },
  // Looked at only after a start that was not answered.
  { stage: "wake", route: "GET /sandbox/{id}" },
  { stage: "wake", route: "GET /sandbox/{id}/ports/4500/preview-url" },
  { stage: "wake", route: "POST /toolbox/{id}/files/bulk-upload" },
  { stage: "wake", route: "POST /preview/{id}/4500/skills" },
  { stage: "wake", route: "PUT /preview/{id}/4500/config" },
  { stage: "wake", route: "GET /preview/{id}/4500/health" },
  { stage: "turn", route: "POST /preview/{id}/4500/turns" },
  { stage: "replace", route: "POST /preview/{id}/4500/keep" },
  { stage: "replace", route: "POST /sandbox/{id}/stop" },
  { stage: "replace", route: "DELETE /sandbox/{id}" },
  { stage: "replace", route: "POST /sandbox" },
  { stage: "replace", route: "POST /toolbox/{new}/files/bulk-upload" },
  { stage: "replace", route: "POST /preview/{new}/4500/restore" },
  { stage: "delete", route: "DELETE /sandbox/{id}" },
  { stage: "sweep", route: "GET /sandbox" },
];

/** What can befall any request. */
const ANYWHERE = [
  ...["latency", "late-answer", "hang", "late-effect"],
  ...["error-before", "error-after", "reset-before", "reset-after"],
  "disk-full",
] as const;

/** What the provider itself does wrong. */
const AT: Record<string, string[]> = {
  "POST /sandbox": ["entrypoint-hangs", "entrypoint-dies"],
  "POST /sandbox/{id}/start": [
    ...["no-effect", "entrypoint-hangs", "entrypoint-dies"],
  ],
  "POST /sandbox/{id}/stop": ["no-effect"],
  "DELETE /sandbox/{id}": ["no-effect"],
  "GET /sandbox/{id}": ["stale"],
  "GET /sandbox": ["stale"],
};

/** Refusals of the provider's own; what runs inside has other ones. */
const STATUSES = [400, 403, 404, 409, 422, 429, 503] as const;

/** These wait for the client to leave, unless they are told how long. */
const ENDLESS = ["hang", "late-effect"];

/**
 * Every fault at every request the product makes, in turn. With `hurry` (ms)
 * no fault waits for a client's patience of 20 s.
 */
export function matrix({ hurry }: { hurry?: number } = {}): Case[] {
  return ROUTES.flatMap(({ stage, route }) => {
    const kinds: Omit<Fault, "route">[] = [
      ...[...ANYWHERE, ...(AT[route] ?? [])].map((kind) => ({
        kind,
        ...(hurry !== undefined && ENDLESS.includes(kind) && { ms: hurry }),
      })),
      ...(route.includes("/preview/")
        ? []
        : STATUSES.map((status) => ({ kind: "error-before", status }))),
    ];
    return kinds.map((kind) => {
      const faults = [...before(stage, route), { route, ...kind }];
      return { stage, faults, least: faults.length };
    });
  });
}

function before(stage: Stage, route: string): Fault[] {
  return stage === "wake" && route === "GET /sandbox/{id}"
    ? [{ route: "POST /sandbox/{id}/start", kind: "reset-after" }]
    : [];
}

/** As few cases as it takes for every request and every kind of fault to occur, none of them long. */
export function cover(all: Case[]): Case[] {
  const cases = all.filter((one) => !isLong(one));
  const seen = new Set<string>();
  const fresh = (one: Case) => partsOf(one).filter((part) => !seen.has(part));
  const chosen: Case[] = [];
  for (;;) {
    const best = cases.reduce((a, b) =>
      fresh(b).length > fresh(a).length ? b : a,
    );
    if (fresh(best).length === 0) return chosen;
    chosen.push(best);
    for (const part of partsOf(best)) seen.add(part);
  }
}

/** Where it takes 20 s or more to see through the fault, and another place shows the same. */
function isLong({ stage, faults }: Case): boolean {
  const { kind } = faults.at(-1) as Fault;
  if (kind === "entrypoint-hangs") return true; // as one that has died
  if (kind === "entrypoint-dies") return stage !== "create";
  return kind === "no-effect" && stage !== "delete";
}

function partsOf({ stage, faults }: Case): string[] {
  const { route, kind, status } = faults.at(-1) as Fault;
  return [`${stage} ${route}`, `${kind} ${status ?? ""}`];
}

/** Two faults of one stage, drawn by a seed. */
export function pair(seed: number, options: { hurry?: number } = {}): Case {
  const random = mulberry(seed);
  const pick = <T>(from: readonly T[]) =>
    from[Math.floor(random() * from.length)] as T;
  const all = matrix(options);
  const first = pick(all);
  const second = pick(all.filter(({ stage }) => stage === first.stage));
  // The first may end what the second was to befall.
  return {
    stage: first.stage,
    faults: [...first.faults, ...second.faults],
    least: 1,
  };
}

/** As on a command line: `wake: POST /sandbox/{id}/start no-effect`. */
export function nameOf({ stage, faults }: Case): string {
  const words = faults.map(({ route, kind, status, ms }) =>
    [route, kind, status, ms && `${ms} ms`].filter(Boolean).join(" "),
  );
  return `${stage}: ${words.join(", then ")}`;
}

/** mulberry32: small, and the same everywhere. */
function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
