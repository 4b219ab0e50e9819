import { expect, test } from "bun:test";
import { cover, matrix, nameOf, unknownOf } from "../e2e/harness/fault-matrix";

test("a request is known by its shape, whichever sandbox and turn it is about", () => {
  const known = [
    "POST /api/sandbox",
    "GET /api/sandbox/4f1/ports/4500/preview-url",
    "POST /toolbox/4f1/files/bulk-upload",
    "GET /preview/4f1/4500/turns/j57",
    "POST /preview/4f1/4500/turns/j57/stop",
    "POST /preview/9aa/4500/restore",
    "GET /api/socket.io/",
  ];
  expect(unknownOf(known)).toEqual([]);
});

test("a request that nobody thought of is told, once for all sandboxes", () => {
  const asked = [
    "POST /api/sandbox/4f1/archive",
    "POST /api/sandbox/9aa/archive",
    "GET /preview/4f1/4500/turns",
    "DELETE /preview/4f1/4500/turns/j57",
    "GET /api/sandbox/4f1/ports/3000/preview-url",
  ];
  expect(unknownOf(asked)).toEqual([
    "POST /sandbox/{id}/archive",
    "GET /preview/{id}/4500/turns",
    "DELETE /preview/{id}/4500/turns/{turn}",
    "GET /sandbox/{id}/ports/3000/preview-url",
  ]);
});

test("the cover has every request and every kind of fault of the whole matrix", () => {
  const parts = (cases: ReturnType<typeof matrix>) =>
    new Set(
      cases.flatMap(({ stage, faults }) =>
        faults.flatMap(({ route, kind }) => [`${stage} ${route}`, kind]),
      ),
    );
  const whole = parts(matrix());
  // It shows the same as one that dies, and takes 20 s.
  whole.delete("entrypoint-hangs");
  expect(parts(cover(matrix()))).toEqual(whole);
  const names = matrix().map(nameOf);
  expect(new Set(names).size).toBe(names.length);
});
