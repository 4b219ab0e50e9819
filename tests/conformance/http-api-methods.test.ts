import { afterAll, beforeAll, expect, test } from "bun:test";
import { OPERATIONS } from "../../src/server/api/operations";
import {
  answersOfAll,
  contract,
  startApi,
  type Api,
  type Document,
} from "./http-api-harness";

/** Which methods a path has, and what is answered to the others and where there is no path. */

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(async () => {
  await api?.close();
});

const documented = [
  ...OPERATIONS.map(({ method, path }) => ({ method: method as string, path })),
  { method: "GET", path: "/openapi.json" },
];

/** The methods of a path as the document has them, with those that follow from them. */
function methodsOf(path: string): string[] {
  const own = documented.filter((one) => one.path === path);
  const methods = own.map(({ method }) => method);
  if (methods.includes("GET")) methods.push("HEAD");
  return [...methods, "OPTIONS"].sort();
}

test("the document and the route files name the same paths and methods", async () => {
  const served = (await answersOfAll())
    .filter(({ answer }) => answer.status !== 405)
    .map(({ method, path }) => `${method} ${path}`);
  const paths = [...new Set(documented.map(({ path }) => path))];
  expect(served.sort()).toEqual(
    paths
      .flatMap((path) => methodsOf(path).map((method) => `${method} ${path}`))
      .sort(),
  );
});

test("another method of a path is a problem that names those it has", async () => {
  const refused = (await answersOfAll()).filter(
    ({ answer }) => answer.status === 405,
  );
  expect(refused.length).toBeGreaterThan(documented.length);
  const document = await api.call("GET", "/openapi.json");
  const check = contract((await document.json()) as Document);
  for (const { path, method, answer } of refused) {
    expect(await check(method, path, answer)).toEqual([]);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.headers.get("allow")?.split(", ").sort()).toEqual(
      methodsOf(path),
    );
    expect(await answer.json()).toMatchObject({
      code: "method_not_allowed",
      retryable: false,
    });
  }
});

test("OPTIONS says what a path has", async () => {
  const answer = await api.call("OPTIONS", "/launches");
  expect(answer.status).toBe(204);
  expect(answer.headers.get("allow")).toBe("GET, POST, HEAD, OPTIONS");
});

test.each(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])(
  "%s of what is no path is a problem too, the root as well",
  async (method) => {
    for (const path of ["", "/", "/nothing", "/launches/x/nothing"]) {
      const answer = await api.call(method, path);
      expect(answer.status).toBe(404);
      expect(await answer.json()).toMatchObject({ code: "not_found" });
    }
  },
);
