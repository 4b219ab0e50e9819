import { describe, expect, test } from "bun:test";
import { capsOf, DEFAULT_CAPS, Occupancy, outwaited } from "./admission";
import type { SlotState } from "./slot";

const NAMES = ["SLIPWAY_MAX_SANDBOXES", "SLIPWAY_MAX_SANDBOXES_PER_USER"];

describe("caps", () => {
  test("have a default, and are numbers or a failure that names the variable", () => {
    expect(capsOf({})).toEqual({ ok: true, caps: DEFAULT_CAPS });
    expect(
      capsOf({
        SLIPWAY_MAX_SANDBOXES: "3",
        SLIPWAY_MAX_SANDBOXES_PER_USER: "1",
      }),
    ).toEqual({ ok: true, caps: { deployment: 3, user: 1 } });
    for (const given of ["0", "-1", "many", "1.5", "2001"]) {
      for (const name of NAMES) {
        expect(capsOf({ [name]: given })).toMatchObject({
          ok: false,
          problem: {
            code: "caps_unreadable",
            message: `${name} must be a number from 1 to 2000: ${given}`,
          },
        });
      }
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

describe("a wait that lasted too long", () => {
  const stopped = { status: "stopped", since: 0, by: "user" } as const;
  const replacing = (stage: "place" | "create"): SlotState => ({
    ...{ status: "replacing", since: 0, stage, stageSince: 0, step: "look" },
  });

  test.each<[string, SlotState]>([
    ["queued", { status: "queued", since: 0, from: stopped, for: "launch" }],
    ["replaced, in line for the next", replacing("place")],
  ])("for one that is %s was for want of a place", (_, state) => {
    expect(outwaited(state, "It was slow.")).toMatchObject({
      code: "queue_timed_out",
      message: "No place became free in time.",
      next: "Stop a sandbox you do not need, or try again later.",
    });
  });

  test.each<[string, SlotState]>([
    ["creating", { status: "creating", since: 0, step: "create" }],
    ["replacing", replacing("create")],
    ["stopped", stopped],
    ["running", { status: "running", since: 0 }],
  ])("for one that is %s was for something else", (_, state) => {
    expect(outwaited(state, "It was slow.")).toMatchObject({
      code: "launch_timed_out",
      message: "It was slow.",
    });
  });
});
