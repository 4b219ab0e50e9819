import type { Fault as Injected } from "../../../emulators/sandbox/http/faults";
import { Dice } from "../../simulation/random";
import type { Fault } from "./operator";

/** What a person does, and which requests to the provider that makes. */
export type Stage =
  | "create"
  | "turn"
  | "work"
  | "retire"
  | "stop"
  | "wake"
  | "replace"
  | "delete"
  | "sweep";

/** Faults that befall one stage; fewer than `least` of them would prove nothing. */
export type Case = { stage: Stage; faults: Fault[]; least: number };

/**
 * `{id}` stands for the sandbox, once it is known; `{new}` for the one that
 * replaces it, `{turn}` for any turn. A request that the product makes and that
 * is neither here nor left out fails the life in which it is made.
 */
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
  // Asked for only where the provider calls it failed.
  { stage: "wake", route: "POST /sandbox/{id}/recover" },
  { stage: "turn", route: "POST /preview/{id}/4500/turns" },
  { stage: "work", route: "POST /sandbox/{id}/last-activity" },
  { stage: "work", route: "GET /preview/{id}/4500/turns/{turn}" },
  { stage: "work", route: "POST /preview/{id}/4500/turns/{turn}/stop" },
  { stage: "retire", route: "DELETE /preview/{id}/4500/skills" },
  { stage: "replace", route: "POST /preview/{id}/4500/keep" },
  { stage: "replace", route: "POST /sandbox/{id}/stop" },
  { stage: "replace", route: "DELETE /sandbox/{id}" },
  { stage: "replace", route: "POST /sandbox" },
  { stage: "replace", route: "POST /toolbox/{new}/files/bulk-upload" },
  { stage: "replace", route: "POST /preview/{new}/4500/restore" },
  { stage: "delete", route: "DELETE /sandbox/{id}" },
  { stage: "sweep", route: "GET /sandbox" },
];

/** Requests that no fault is tried at, and why. */
const LEFT_OUT: Record<string, string> = {
  "GET /socket.io/":
    "the client's own news of states; where it hears nothing, it asks",
  "POST /toolbox/{id}/files/bulk-download": "the test's own, to read a note",
};

/** What a fault can befall: any request, or these. The compiler wants every kind there is. */
const KINDS: Record<Injected["kind"], "any" | string[]> = {
  ...{ latency: "any", "late-answer": "any", hang: "any" },
  ...{ "late-effect": "any", "error-before": "any", "error-after": "any" },
  ...{ "reset-before": "any", "reset-after": "any", "disk-full": "any" },
  "no-effect": [
    "POST /sandbox/{id}/start",
    "POST /sandbox/{id}/recover",
    "POST /sandbox/{id}/stop",
    "DELETE /sandbox/{id}",
  ],
  stale: ["GET /sandbox/{id}", "GET /sandbox"],
  "entrypoint-hangs": ["POST /sandbox", "POST /sandbox/{id}/start"],
  "entrypoint-dies": ["POST /sandbox", "POST /sandbox/{id}/start"],
  "start-fails": ["POST /sandbox/{id}/start"],
  // The product has no image built: it makes sandboxes of a snapshot that whoever
  // deploys it has made (scripts/snapshot; tests/conformance/sandbox-snapshot).
  "build-fails": [],
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
      ...kindsAt(route).map((kind) => ({
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

function kindsAt(route: string): string[] {
  return Object.entries(KINDS)
    .filter(([, where]) => where === "any" || where.includes(route))
    .map(([kind]) => kind);
}

/** What has to happen to a start for a request to be made at all. */
const AFTER: Record<string, string> = {
  "wake GET /sandbox/{id}": "reset-after",
  "wake POST /sandbox/{id}/recover": "start-fails",
};

function before(stage: Stage, route: string): Fault[] {
  const kind = AFTER[`${stage} ${route}`];
  return kind ? [{ route: "POST /sandbox/{id}/start", kind }] : [];
}

/** Of requests, as the provider took them, those that are neither in the matrix nor left out. */
export function unknownOf(asked: readonly string[]): string[] {
  const known = new Set(
    [...ROUTES.map(({ route }) => route), ...Object.keys(LEFT_OUT)].map(shape),
  );
  const plain = asked.map((one) => one.replace(" /api/", " /"));
  return [...new Set(plain.map(shape))].filter((one) => !known.has(one));
}

/** A request without what names one sandbox or one turn. */
function shape(request: string): string {
  return request
    .replace(/(\/(?:sandbox|toolbox|preview)\/)[^/]+/, "$1{id}")
    .replace(/(\/4500\/turns\/)[^/]+/, "$1{turn}");
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
  return faults.flatMap(({ route, kind, status }) => [
    `${stage} ${route}`,
    `${kind} ${status ?? ""}`,
  ]);
}

/** Two faults of one stage, drawn by a seed. */
export function pair(seed: number, options: { hurry?: number } = {}): Case {
  const dice = new Dice(seed);
  const all = matrix(options);
  const first = dice.pick(all);
  const second = dice.pick(all.filter(({ stage }) => stage === first.stage));
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
