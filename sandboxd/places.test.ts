import { expect, test } from "bun:test";
import { Places } from "./places";

const never = new AbortController().signal;

test("the third waits until one of two leaves, in order", async () => {
  const places = new Places(2);
  const [first] = [await places.take(never), await places.take(never)];
  const came: string[] = [];
  const third = places.take(never).then((leave) => (came.push("third"), leave));
  const fourth = places.take(never).then(() => came.push("fourth"));
  expect(came).toEqual([]);
  first!();
  first!(); // giving back twice gives back once
  const leave = await third;
  expect(came).toEqual(["third"]);
  leave!();
  await fourth;
  expect(came).toEqual(["third", "fourth"]);
});

test("who gives up waiting takes no place", async () => {
  const places = new Places(1);
  const leave = await places.take(never);
  const giveUp = new AbortController();
  const waiting = places.take(giveUp.signal);
  giveUp.abort();
  expect(await waiting).toBeNull();
  leave!();
  expect(await places.take(never)).not.toBeNull();
  expect(await places.take(giveUp.signal)).toBeNull();
});
