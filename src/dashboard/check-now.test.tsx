import { expect, test } from "bun:test";
import { ConvexProvider, ConvexReactClient } from "convex/react";
import { renderToStaticMarkup } from "react-dom/server";
import type { SandboxView } from "../data/types";
import { sandbox } from "../gallery/fixtures";
import { SandboxCard } from "./sandbox-card";

/** Never connected: what is rendered on a server opens no socket. */
const client = new ConvexReactClient("http://127.0.0.1:1", { logger: false });

const html = (fields: Partial<SandboxView>) =>
  renderToStaticMarkup(
    <ConvexProvider client={client}>
      <SandboxCard sandbox={sandbox(fields)} />
    </ConvexProvider>,
  );

test("what runs can be looked at now, also where it does not answer; what does not run cannot", () => {
  expect(html({})).toContain("Check now");
  expect(html({ health: "unreachable" })).toContain("Check now");
  const stopped = { status: "stopped", since: 1, by: "user" } as const;
  expect(html({ state: stopped })).not.toContain("Check now");
});
