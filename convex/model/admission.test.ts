import { describe, expect, test } from "bun:test";
import { capsOf, DEFAULT_CAPS, Occupancy } from "./admission";

describe("caps", () => {
  test("have a default, and are numbers or an error", () => {
    expect(capsOf({})).toEqual(DEFAULT_CAPS);
    expect(
      capsOf({
        SLIPWAY_MAX_SANDBOXES: "3",
        SLIPWAY_MAX_SANDBOXES_PER_USER: "1",
      }),
    ).toEqual({ deployment: 3, user: 1 });
    for (const given of ["0", "-1", "many", "1.5", "2001"]) {
      expect(() => capsOf({ SLIPWAY_MAX_SANDBOXES: given })).toThrow(
        "SLIPWAY_MAX_SANDBOXES must be a number",
      );
    }
  });
});

describe("the queue", () => {
  test("is served in order while there are places", () => {
    const places = new Occupancy({ deployment: 3, user: 3 }, ["x"]);
    const admitted = ["a", "b", "c"].filter((user) => places.admit(user));
    expect(admitted).toEqual(["a", "b"]);
    expect(places.full).toBe(true);
  });

  test("passes over whoever is at the own cap, and holds up nobody else", () => {
    const places = new Occupancy({ deployment: 5, user: 1 }, ["a"]);
    const admitted = ["a", "b", "b", "c"].filter((user) => places.admit(user));
    expect(admitted).toEqual(["b", "c"]);
  });

  test("a cap lowered below what is taken admits nobody", () => {
    const places = new Occupancy({ deployment: 2, user: 9 }, ["a", "b", "c"]);
    expect(places.admit("d")).toBe(false);
  });
});
