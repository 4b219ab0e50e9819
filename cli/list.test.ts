import { expect, test } from "bun:test";
import {
  answers,
  answersInTests,
  asked,
  json,
  READY,
  slipway,
} from "./fixtures";

answersInTests();

test.each([
  ["launches", READY],
  [
    "sessions",
    { sessionId: "s1", title: "Hi", link: "/a/b/c", createdAt: 1_000 },
  ],
])("a page of %s says how to see the next", async (what, one) => {
  answers[`GET /api/v1/${what}`] = [json({ [what]: [one], nextCursor: "c.1" })];
  const { stdout, code } = await slipway(["list", what]);
  expect(stdout).toEndWith(
    `\nThere are more: npx -y bun@1.4.5 run slipway list ${what} --cursor c.1\n`,
  );
  expect(code).toBe(0);
  const page = await slipway(["list", what, "--json", "--cursor", "c.0"]);
  const records = page.stdout.trim().split("\n");
  expect(records.map((line) => JSON.parse(line) as object)).toEqual([
    one,
    { event: "more", nextCursor: "c.1" },
  ]);
  expect(asked.map(({ query }) => query)).toEqual(["", "?cursor=c.0"]);
});

test("the last page says nothing of more", async () => {
  answers["GET /api/v1/launches"] = [
    json({ launches: [READY], nextCursor: null }),
  ];
  expect((await slipway(["list"])).stdout).toBe("l1  ready  cold  /a/b/c\n");
  const wrong = await slipway(["list", "sandboxes", "--cursor", "c"]);
  expect(wrong).toMatchObject({ code: 2, stdout: "" });
});
