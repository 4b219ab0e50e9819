import { afterAll, expect, test } from "bun:test";
import { openLink } from "./open-link";

let link = "";
const backend = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: () => {
    const found = { owner: "o", repo: "r", sha: "1".repeat(40), choices: [] };
    const value = { kind: "choices", ...found, link };
    return Response.json({ status: "success", value });
  },
});
const { CONVEX_URL } = process.env;
process.env.CONVEX_URL = `http://127.0.0.1:${backend.port}`;
afterAll(() => {
  if (CONVEX_URL === undefined) delete process.env.CONVEX_URL;
  else process.env.CONVEX_URL = CONVEX_URL;
  void backend.stop(true);
});

test.each(["/o/r/tree/next", "/git.example/o/r", "/gh/api/r"])(
  "several skills are picked from where the link pointed: %s",
  async (page) => {
    link = page;
    const text = "https://x.invalid/o/r";
    const sentOn = await openLink(text, "here").catch((error) => error);
    // How Next.js sends a reader on.
    expect(sentOn.digest).toContain(`;${page};`);
  },
);
