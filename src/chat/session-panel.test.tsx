import { expect, test } from "bun:test";
import { ConvexProvider, ConvexReactClient } from "convex/react";
import { renderToStaticMarkup } from "react-dom/server";
import { sandbox, session } from "../gallery/fixtures";
import { SessionPanel } from "./session-panel";

/** Never connected: what is rendered on a server opens no socket. */
const client = new ConvexReactClient("http://127.0.0.1:1", { logger: false });

test("the log of the session's sandbox is reached from it, whatever became of that", () => {
  for (const state of [undefined, { status: "empty" } as never]) {
    const out = renderToStaticMarkup(
      <ConvexProvider client={client}>
        <SessionPanel
          {...{ open: true, session, launch: null, model: null }}
          sandbox={state ? sandbox({ state }) : null}
          onClose={() => undefined}
        />
      </ConvexProvider>,
    );
    expect(out).toContain(">Activity<");
  }
});
