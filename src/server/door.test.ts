import { describe, expect, test } from "bun:test";
import { refuse, toFailure } from "@convex/model/errors";
import { Buckets } from "./buckets";
import { Door, GUESSES, REQUESTS } from "./door";
import { ApiError } from "./problem";

const HOME = "203.0.113.7";
const OTHER = "203.0.113.8";

function open() {
  const clock = { now: 1_000_000 };
  const door = new Door(() => clock.now);
  let judged = 0;
  const ask = async (
    address: string | null,
    token: string | null,
    right = false,
  ): Promise<string> => {
    try {
      return await door.through(address, token, async () => {
        judged += 1;
        if (!right) throw new ApiError("not_signed_in", "Not valid.");
        return "answered";
      });
    } catch (error) {
      if (error instanceof ApiError) return error.failure.code;
      return toFailure(error).code;
    }
  };
  const guess = async (count: number, address = HOME, of = "guess") => {
    const came: string[] = [];
    for (let i = 0; i < count; i++) came.push(await ask(address, `${of} ${i}`));
    return came;
  };
  return { clock, door, ask, guess, judged: () => judged };
}

describe("wrong tokens", () => {
  test("are looked at up to a limit, and then not at all until there is room", async () => {
    const { clock, ask, guess, judged } = open();
    const came = await guess(GUESSES.burst + 20);
    expect(came.slice(0, GUESSES.burst)).not.toContain("rate_limited");
    expect(new Set(came.slice(GUESSES.burst))).toEqual(
      new Set(["rate_limited"]),
    );
    expect(judged()).toBe(GUESSES.burst);
    // A right one among the guesses is none the wiser.
    expect(await ask(HOME, "by luck", true)).toBe("rate_limited");
    clock.now += 60_000 / GUESSES.perMinute;
    expect(await ask(HOME, "another")).toBe("not_signed_in");
    expect(await ask(HOME, "and one more")).toBe("rate_limited");
  });

  test("one that many requests come with at once is one of them", async () => {
    const { ask } = open();
    const many = (token: string, right: boolean) =>
      Promise.all(Array.from({ length: 200 }, () => ask(HOME, token, right)));
    expect(new Set(await many("mine", true))).toEqual(new Set(["answered"]));
    expect(new Set(await many("none", false))).toEqual(
      new Set(["not_signed_in"]),
    );
    const room = await Promise.all(
      Array.from({ length: GUESSES.burst }, (_, i) => ask(HOME, `guess ${i}`)),
    );
    expect(room.filter((code) => code === "rate_limited")).toHaveLength(1);
  });

  test("many at once are no way around", async () => {
    const { ask } = open();
    const came = await Promise.all(
      Array.from({ length: 200 }, (_, i) => ask(HOME, `guess ${i}`)),
    );
    const looked = came.filter((code) => code === "not_signed_in");
    expect(looked).toHaveLength(GUESSES.burst);
  });

  test("are no neighbour's trouble whose token was right before, nor another address's", async () => {
    const { ask, guess } = open();
    expect(await ask(HOME, "mine", true)).toBe("answered");
    await guess(GUESSES.burst);
    expect(await ask(HOME, "new")).toBe("rate_limited");
    expect(await ask(HOME, "mine", true)).toBe("answered");
    expect(await ask(OTHER, "theirs", true)).toBe("answered");
  });

  test("the same again is no guess: a script with a revoked token locks nobody out", async () => {
    const { ask } = open();
    for (let i = 0; i < 500; i++) {
      expect(await ask(HOME, "revoked")).toBe("not_signed_in");
    }
    expect(await ask(HOME, "new", true)).toBe("answered");
  });

  test("of a whole IPv6 network are one address's", async () => {
    const { ask, guess } = open();
    await guess(GUESSES.burst / 2, "2001:db8:1:2::1", "a");
    await guess(GUESSES.burst / 2, "2001:db8:1:2::2", "b");
    expect(await ask("2001:db8:1:2:3::4", "c")).toBe("rate_limited");
  });

  test("right ones, and what fails for another reason, take nothing", async () => {
    const { door, ask } = open();
    for (let i = 0; i < 3 * GUESSES.burst; i++) {
      expect(await ask(HOME, `right ${i}`, true)).toBe("answered");
      const work = () => Promise.reject(refuse("not_found", "None."));
      const failed = door.through(HOME, `other ${i}`, work);
      await expect(failed).rejects.toThrow("None.");
    }
    expect(await ask(HOME, "wrong")).toBe("not_signed_in");
  });
});

describe("requests", () => {
  test("of one address have a bound far above what people need, with or without a token", async () => {
    const { clock, ask } = open();
    for (let i = 0; i < REQUESTS.burst; i++) {
      expect(await ask(HOME, i % 2 ? "right" : null, true)).toBe("answered");
    }
    expect(await ask(HOME, "right", true)).toBe("rate_limited");
    expect(await ask(HOME, null, true)).toBe("rate_limited");
    expect(await ask(OTHER, "right", true)).toBe("answered");
    clock.now += 1_000;
    for (let i = 0; i < REQUESTS.perMinute / 60; i++) {
      expect(await ask(HOME, "right", true)).toBe("answered");
    }
    expect(await ask(HOME, "right", true)).toBe("rate_limited");
  });

  test("from where nobody knows are not counted", async () => {
    const { guess, ask } = open();
    for (let i = 0; i < 2 * GUESSES.burst; i++) await ask(null, `guess ${i}`);
    expect(await ask(null, "new")).toBe("not_signed_in");
    expect(await guess(1)).toEqual(["not_signed_in"]);
  });

  test("say when there is room", async () => {
    const buckets = new Buckets({ perMinute: 30, burst: 1 }, () => 0);
    expect(buckets.take("a")).toBe(0);
    expect(buckets.take("a")).toBe(2_000);
    expect(buckets.take("b")).toBe(0);
  });
});

test("however many addresses come, the memory is bounded, and those in use are kept", () => {
  const buckets = new Buckets({ perMinute: 1, burst: 1 }, () => 0);
  expect(buckets.take("busy")).toBe(0);
  for (let i = 0; i < 50_000; i++) {
    buckets.take(`address ${i}`);
    if (i % 1_000 === 0) expect(buckets.take("busy")).toBeGreaterThan(0);
  }
  expect(buckets.take("address 0")).toBe(0); // forgotten, and full again
});
