import { expect, test } from "bun:test";
import { failure } from "@convex/model/errors";
import { renderToStaticMarkup } from "react-dom/server";
import { RestoreRead } from "./restore-panel";

test("that the set cannot be read is said; that there is none is not", () => {
  const refused = failure("internal", "The server could not answer this.");
  const html = (read: Parameters<typeof RestoreRead>[0]["read"]) =>
    renderToStaticMarkup(<RestoreRead read={read} />);
  expect(html({ status: "failed", failure: refused })).toContain(
    refused.message,
  );
  expect(html({ status: "ready", value: null, stale: null })).not.toContain(
    'role="alert"',
  );
});
