import { expect, test } from "bun:test";
import { ConvexProviderWithAuth, ConvexReactClient } from "convex/react";
import { renderToStaticMarkup } from "react-dom/server";
import type { SandboxView } from "../data/types";
import { sandbox, session } from "../gallery/fixtures";
import { SessionBar } from "./session-bar";

/** Never connected: what is rendered on a server opens no socket. */
const client = new ConvexReactClient("http://127.0.0.1:1", { logger: false });

const nobody = () => ({
  ...{ isLoading: true, isAuthenticated: false },
  fetchAccessToken: () => Promise.resolve(null),
});

const html = (fields: Partial<SandboxView>) =>
  renderToStaticMarkup(
    <ConvexProviderWithAuth client={client} useAuth={nobody}>
      <SessionBar
        {...{ session, model: null, panelOpen: false, benchOpen: false }}
        sandbox={sandbox(fields)}
        onPanel={() => undefined}
        onBench={() => undefined}
      />
    </ConvexProviderWithAuth>,
  );

const COUNTDOWN = "Stops, if idle, in";

test("the bar counts down to the stop, only where the panel that does is folded", () => {
  const out = html({ autoStopAt: 5_000 });
  expect(out.split(COUNTDOWN)).toHaveLength(2);
  expect(out).toMatch(
    new RegExp(`<span class="[^"]*xl:hidden">(?:(?!</header>).)*${COUNTDOWN}`),
  );
});

test("it does not where nothing counts down, or the warning does", () => {
  const stopped = { status: "stopped", since: 1, by: "user" } as const;
  for (const fields of [
    { autoStopAt: null },
    { autoStopAt: 5_000, warnedAt: 4_000 },
    { autoStopAt: 5_000, state: stopped },
  ]) {
    expect(html(fields)).not.toContain(COUNTDOWN);
  }
});
