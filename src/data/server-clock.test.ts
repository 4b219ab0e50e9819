import { expect, test } from "bun:test";
import { measure } from "./server-clock";

const MINUTE = 60_000;
const SKEW = 3 * 60 * MINUTE;

/** A server three hours ahead; its answers take so long, the time they tell is of their last moment. */
function server(takes: number[]) {
  const clock = { now: 1_000, asked: 0 };
  const serverTime = () => {
    clock.now += takes[clock.asked] ?? 0;
    clock.asked += 1;
    return Promise.resolve(clock.now + SKEW);
  };
  return { clock, measured: measure(serverTime, () => clock.now) };
}

test("a question that was held while the line was down is asked again", async () => {
  const { clock, measured } = server([10 * MINUTE, 40]);
  expect(await measured).toBe(SKEW + 20);
  expect(clock.asked).toBe(2);
});

test("a server that is always slow tells no time, and is not asked for ever", async () => {
  const { clock, measured } = server([6_000, 6_000, 6_000, 6_000]);
  expect(await measured).toBeNull();
  expect(clock.asked).toBe(3);
});
