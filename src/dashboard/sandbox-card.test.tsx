import { expect, test } from "bun:test";
import { ConvexProvider, ConvexReactClient } from "convex/react";
import { renderToStaticMarkup } from "react-dom/server";
import type { SandboxView } from "../data/types";
import { sandbox } from "../gallery/fixtures";
import { SandboxCard } from "./sandbox-card";

/** Never connected: what is rendered on a server opens no socket. */
const client = new ConvexReactClient("http://127.0.0.1:1", { logger: false });

const html = (state: SandboxView["state"]) =>
  renderToStaticMarkup(
    <ConvexProvider client={client}>
      <SandboxCard sandbox={sandbox({ state })} />
    </ConvexProvider>,
  );

const error = {
  ...{ code: "provider_refused", retryable: false },
  message: "The provider refused the start.",
  next: "Ask the operator.",
};

const hasButton = (out: string, word: string) =>
  (out.match(/<button[^>]*>.*?<\/button>/gs) ?? []).some((button) =>
    button.replace(/<[^>]*>/g, "").includes(word),
  );

test("what is stopped for a reason says why and what to do, and can be started", () => {
  const stopped = { status: "stopped", since: 1, by: "provider" } as const;
  const out = html({ ...stopped, error });
  expect(out).toContain(error.message);
  expect(out).toContain(error.next);
  expect(hasButton(out, "Start")).toBe(true);
  expect(html(stopped)).not.toContain(error.message);
});

test("what runs because it was not stopped says so, and can be stopped again", () => {
  const out = html({ status: "running", since: 1, error });
  expect(out).toContain(error.message);
  expect(hasButton(out, "Stop")).toBe(true);
});

test("so does one that is given up while it stops, and one that failed", () => {
  const stopping = { status: "stopping", since: 1, step: "stop" } as const;
  expect(html({ ...stopping, error })).toContain(error.next);
  const failed = { status: "failed", since: 1, error } as const;
  expect(html(failed)).toContain(error.next);
  expect(hasButton(html(failed), "Start")).toBe(false);
  // The next start may bring it back, with its files.
  expect(hasButton(html({ ...failed, disk: "kept" }), "Start")).toBe(true);
});
