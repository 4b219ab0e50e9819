import { expect, test } from "bun:test";
import { ConvexProvider, ConvexReactClient } from "convex/react";
import { renderToStaticMarkup } from "react-dom/server";
import type { SandboxView } from "../data/types";
import { sandbox } from "../gallery/fixtures";
import { own } from "../gallery/sandbox-fixtures";
import { Sandboxes } from "./sandboxes";

/** Never connected: what is rendered on a server opens no socket. */
const client = new ConvexReactClient("http://127.0.0.1:1", { logger: false });

const html = (list: SandboxView[]) =>
  renderToStaticMarkup(
    <ConvexProvider client={client}>
      <Sandboxes list={list} />
    </ConvexProvider>,
  );

const gone = sandbox({
  slotId: "slot9" as never,
  state: { status: "empty" } as never,
});
const ACTIVITY = />Activity</g;

test("what became of the shared sandbox is there beside another's card", () => {
  const out = html([gone, own]);
  expect(out.match(ACTIVITY)).toHaveLength(2);
  expect(out).toContain("Your sandbox is not there now.");
  expect(out).not.toContain("No sandbox");
});

test("alone it is there beneath the way to a new one", () => {
  const out = html([gone]);
  expect(out.match(ACTIVITY)).toHaveLength(1);
  expect(out).toMatch(/No sandbox.*not there now/s);
});
