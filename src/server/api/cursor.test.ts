import { expect, test } from "bun:test";
import { ConvexError } from "convex/values";
import { outerCursor, readPage } from "./cursor";

const FOREIGN = { failure: { code: "bad_request" } };
const query = { limit: 2, cursor: outerCursor("launches", "inner") };

const refusing = (error: unknown) =>
  readPage("launches", query, () => Promise.reject(error));

test("the backend is asked with its own cursor, and the next one comes back", async () => {
  const asked: unknown[] = [];
  const read = (isDone: boolean) =>
    readPage("launches", query, (paginationOpts) => {
      asked.push(paginationOpts);
      return Promise.resolve({ page: [1], isDone, continueCursor: "next" });
    });
  expect(await read(false)).toMatchObject({
    page: [1],
    nextCursor: outerCursor("launches", "next"),
  });
  expect((await read(true)).nextCursor).toBeNull();
  expect(asked[0]).toEqual({ numItems: 2, cursor: "inner" });
});

test.each([
  ["by its words", new Error("Uncaught Error: InvalidCursor: Tried to ...")],
  [
    "by its data",
    new ConvexError({
      ...{ isConvexSystemError: true, paginationError: "InvalidCursor" },
    }),
  ],
])("a cursor the deployment does not take is told %s", (_, error) =>
  expect(refusing(error)).rejects.toMatchObject(FOREIGN),
);

test.each([
  ["an error without words", new Error("Server Error")],
  ["one with other data", new ConvexError("words")],
  ["one with none", new ConvexError(null)],
  ["what is no error", "nothing"],
])("%s stays what it is", async (_, error) => {
  const thrown = await refusing(error).catch((one: unknown) => one);
  expect(thrown).toBe(error);
});
