import { describe, expect, test } from "bun:test";
import { ConvexProvider, ConvexReactClient } from "convex/react";
import { renderToStaticMarkup } from "react-dom/server";
import type { LaunchView } from "../data/types";
import { LaunchSummary } from "./launch-panel";

/** Never connected: what is rendered on a server opens no socket. */
const client = new ConvexReactClient("http://127.0.0.1:1", { logger: false });

const RECOVERED = "The sandbox was gone at the provider. A new one is made.";

const html = (fields: Partial<LaunchView>) =>
  renderToStaticMarkup(
    <ConvexProvider client={client}>
      <LaunchSummary
        launch={
          {
            ...{ launchId: "l1", state: "ready", path: "cold" },
            ...{ createdAt: 1_000, endedAt: 5_000, steps: [] },
            ...fields,
          } as unknown as LaunchView
        }
      />
    </ConvexProvider>,
  );

const check = {
  ...{ name: "check", startedAt: 1, endedAt: 2, detail: RECOVERED },
  outcome: "failed" as const,
};

describe("a launch that ended", () => {
  test("says, not folded away, that its sandbox was lost and launched anew", () => {
    const out = html({ steps: [check] });
    expect(out).toContain("Launched in 4.0 s");
    const folded = /<details.*<\/details>/s.exec(out)?.[0] ?? "";
    expect(folded).toContain("Launched in 4.0 s");
    expect(folded).not.toContain(RECOVERED);
    expect(out).toContain(RECOVERED);
  });

  test("says nothing of it where nothing was lost, or the new one did not come", () => {
    expect(html({})).not.toContain(RECOVERED);
    expect(html({ state: "failed", steps: [check] })).not.toContain(RECOVERED);
  });
});
