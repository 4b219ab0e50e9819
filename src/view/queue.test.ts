import { expect, test } from "bun:test";
import { MAX_POSITION } from "@convex/model/admission";
import { ordinal, queueWords } from "./queue";

test.each([
  [1, "1st"],
  [2, "2nd"],
  [3, "3rd"],
  [4, "4th"],
  [11, "11th"],
  [12, "12th"],
  [22, "22nd"],
  [113, "113th"],
  [1_000, "1,000th"],
])("%i is said %s", (n, words) => {
  expect(ordinal(n)).toBe(words);
});

test("who waits for others is told the position, and that nothing need be done", () => {
  expect(queueWords({ position: 3, ownCap: null })).toEqual({
    title: "You are 3rd in the queue",
    text: expect.stringContaining("starts by itself"),
  });
  expect(queueWords({ position: 1, ownCap: null })?.title).toBe(
    "You are next in the queue",
  );
});

test("where the count ends, nobody is told a place that may be a later one", () => {
  const last = queueWords({ position: MAX_POSITION - 1, ownCap: null });
  expect(last?.title).toBe("You are 99th in the queue");
  expect(queueWords({ position: MAX_POSITION, ownCap: null })).toEqual({
    title: "You are 100th or later in the queue",
    text: expect.stringContaining("99 or more are ahead of you."),
  });
});

test("who waits for their own is told to stop one: the position says nothing", () => {
  expect(queueWords({ position: 1, ownCap: 5 })).toEqual({
    title: "You have 5 of 5 sandboxes running",
    text: expect.stringContaining("Stop one"),
  });
});

test("what does not wait says nothing", () => {
  expect(queueWords({ position: null, ownCap: null })).toBeNull();
});
