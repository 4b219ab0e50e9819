import { expect, test } from "bun:test";
import { parseRetention, RETENTION_DAYS } from "./retention";

const DAY = 24 * 60 * 60 * 1_000;

test("what an operator does not set keeps its default", () => {
  expect(parseRetention(undefined)?.events).toBe(RETENTION_DAYS.events * DAY);
  expect(parseRetention('{"events":7}')).toMatchObject({
    events: 7 * DAY,
    sessions: RETENTION_DAYS.sessions * DAY,
  });
});

test.each([
  "{",
  "7",
  "null",
  '{"events":"7"}',
  '{"events":0}',
  '{"events":-1}',
  '{"evnts":7}',
])("%s is refused, so that nothing is removed by mistake", (text) => {
  expect(parseRetention(text)).toBeNull();
});
