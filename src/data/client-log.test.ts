import { afterEach, expect, spyOn, test } from "bun:test";
import { failure } from "@convex/model/errors";
import { clientLog } from "./client-log";

const told = spyOn(console, "error").mockImplementation(() => undefined);
afterEach(() => void told.mockClear());

/** As the client words what the server answered. */
const answer = (words: string) =>
  `[CONVEX M(sandboxes:start)] [Request ID: 1] Server Error\n${words}\n  Called by client`;

const refusal = JSON.stringify(failure("not_found", "There is {no} such."));

test("a refusal in a code of ours is no error of the page", () => {
  clientLog.error(answer(`Uncaught ConvexError: ${refusal}`));
  expect(told).not.toHaveBeenCalled();
});

test.each([
  answer("Uncaught TypeError: x is not a function"),
  answer('Uncaught ConvexError: {"code":"never heard of","message":"?"}'),
  answer('Uncaught ConvexError: {"code":'),
  "[CONVEX FATAL ERROR] the socket sent nonsense",
])("all else is told: %s", (words) => {
  clientLog.error(words);
  expect(told.mock.calls).toEqual([[words]]);
});
