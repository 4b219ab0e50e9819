import { expect, test } from "bun:test";
import { matchPath } from "./router";

const match = (template: string, path: string) =>
  matchPath(template.split("/"), path.split("/"));

test("a placeholder takes one segment, decoded", () => {
  expect(match("/sandbox/{id}/start", "/sandbox/a%20b/start")).toEqual({
    id: "a b",
  });
  expect(match("/a/{x}/{y}", "/a/1/2")).toEqual({ x: "1", y: "2" });
});

test("more, fewer, other or empty segments are another route", () => {
  for (const path of ["/sandbox", "/sandbox/", "/sandbox/a/b", "/other/a"]) {
    expect(match("/sandbox/{id}", path)).toBeNull();
  }
});
