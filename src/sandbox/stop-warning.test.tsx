import { describe, expect, test } from "bun:test";
import { ConvexProvider, ConvexReactClient } from "convex/react";
import { renderToStaticMarkup } from "react-dom/server";
import { aheadBy } from "../data/server-clock";
import { StopWarning } from "./stop-warning";

/** Never connected: what is rendered on a server opens no socket. */
const client = new ConvexReactClient("http://127.0.0.1:1", { logger: false });

const html = (warnedAt: number | null, autoStopAt: number | null) =>
  renderToStaticMarkup(
    <ConvexProvider client={client}>
      <StopWarning
        sandbox={{ slotId: "slot1" as never, warnedAt, autoStopAt }}
      />
    </ConvexProvider>,
  );

const spoken = /<p[^>]*role="status"[^>]*>([^<]*)</;

describe("the warning before a stop", () => {
  test("is silent, with its live region in place, until the server announces one", () => {
    for (const out of [html(null, 5_000), html(null, null), html(1, null)]) {
      expect(out).toMatch(spoken);
      expect(spoken.exec(out)?.[1]).toBe("");
      expect(out).not.toContain("Keep it running");
    }
  });

  test("is one polite announcement, with a button; the countdown is not spoken", () => {
    const out = html(1_000, 300_000);
    expect(out.match(/role="status"/g)).toHaveLength(1);
    expect(out).not.toContain('role="alert"');
    expect(spoken.exec(out)?.[1]).toContain("about to stop");
    expect(out).toContain("Keep it running");
    expect(out).toMatch(/aria-hidden="true"><span class="tabular">/);
  });

  test("blames nobody's absence: an agent may be at work, and a tab be watching", () => {
    const out = html(1_000, 300_000);
    expect(out).toContain("Nobody has written to it for a while.");
    expect(out).not.toContain("nobody uses it");
    expect(out).not.toContain("Nobody has used it");
  });
});

test("the server's clock is known to half a round trip, however wrong ours is", () => {
  const skew = 3 * 3_600_000;
  // Sent at 1,000 by our clock, there 40 ms later, back after another 40.
  expect(aheadBy(1_000, 1_040 + skew, 1_080)).toBe(skew);
  expect(Math.abs(aheadBy(1_000, 1_000 - skew, 1_080) + skew)).toBe(40);
});
