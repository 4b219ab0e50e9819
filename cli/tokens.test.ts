import { expect, test } from "bun:test";
import { answers, answersInTests, asked, json, slipway } from "./fixtures";

/** What the command line is let in with, and what it may do with that. */

answersInTests();

test("without a token a local one is asked for, where a name is given", async () => {
  answers["POST /api/local/token"] = [json({ token: "local" })];
  answers["GET /api/v1/launches"] = [json({ launches: [] })];
  const none = { SLIPWAY_TOKEN: "" };
  const { stdout } = await slipway(["list", "--user", "ada"], none);
  expect(stdout).toBe("No launches yet.\n");
  expect(asked.at(-1)?.token).toBe("Bearer local");
  expect(await slipway(["list"], none)).toMatchObject({ code: 2 });
});

test("a token and a name are two people: neither is chosen silently", async () => {
  const { stderr, code } = await slipway(["list", "--user", "ada"]);
  expect(stderr).toContain("Leave out --user, or unset SLIPWAY_TOKEN");
  expect([code, asked.length]).toEqual([2, 0]);
});

test("what is no Slipway has no accounts", async () => {
  const none = { SLIPWAY_TOKEN: "" };
  const args = ["list", "--user", "ada"];
  expect(await slipway(args, none)).toMatchObject({ code: 4 });
  const problem = { code: "not_found", detail: "This Slipway has accounts." };
  answers["POST /api/local/token"] = [json(problem, 404)];
  const { stderr, code } = await slipway(args, none);
  expect([stderr, code]).toEqual([
    "This Slipway has accounts: set SLIPWAY_TOKEN to a personal token (made in Settings).\n",
    2,
  ]);
});

test("a token that was copied with its quotes is wrong usage, and not told", async () => {
  const env = { SLIPWAY_TOKEN: "\u201cslp_secret\u201d" };
  const { stderr, code } = await slipway(["list"], env);
  expect(stderr).toContain("Copy it once more");
  expect(stderr).not.toContain("slp_secret");
  expect([code, asked.length]).toEqual([2, 0]);
});

test("who is sent elsewhere is told to ask there, and sends no token on", async () => {
  const location = "https://slipway.example/api/v1/launches";
  answers["GET /api/v1/launches"] = [
    () => new Response(null, { status: 301, headers: { location } }),
  ];
  const { stderr, code } = await slipway(["list"]);
  expect(stderr).toContain("sends to https://slipway.example. Set SLIPWAY_URL");
  expect(code).toBe(2);
});

test("a token that may ask and not look has asked, once", async () => {
  const stop = "POST /api/v1/sandboxes/b1/stop";
  answers[stop] = [json({ slotId: "b1" }, 202)];
  const missing = { code: "scope_missing", detail: "No.", status: 403 };
  answers["GET /api/v1/sandboxes/b1"] = [json(missing, 403)];
  answers["GET /api/v1/sandboxes/b1/events"] = [json(missing, 403)];
  const { stdout, code } = await slipway(["stop", "b1", "--json"]);
  expect([JSON.parse(stdout), code]).toEqual([{ event: "asked" }, 0]);
  const waits = await slipway(["stop", "b1", "--wait"]);
  expect(waits.stdout).toContain("It was asked for.");
  expect(waits.code).toBe(3);
  expect(asked.filter(({ method }) => method === "POST")).toHaveLength(2);
  answers[stop] = [json(missing, 403)];
  expect(await slipway(["stop", "b1"])).toMatchObject({ stdout: "", code: 3 });
});

test("a local token that cannot be given now is no wrong usage", async () => {
  const detail = "The local issuer does not answer.";
  for (const [status, exit] of [
    [503, 4],
    [403, 2],
  ] as const) {
    answers["POST /api/local/token"] = [json({ detail }, status)];
    const args = ["list", "--user", "ada"];
    const { stderr, code } = await slipway(args, { SLIPWAY_TOKEN: "" });
    expect(stderr).toStartWith(`No token for "ada": ${detail}`);
    expect(code).toBe(exit);
  }
});
