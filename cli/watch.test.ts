import { expect, test } from "bun:test";
import { z } from "zod";
import { Client } from "./client";
import { answers, answersInTests, asked, events, origin } from "./fixtures";
import { TooLate, watch } from "./watch";

answersInTests();

const watched = {
  ...{ path: "/things/t1/events", event: "thing" },
  shape: z.object({ n: z.number() }),
};
const ROUTE = "GET /api/v1/things/t1/events";
const client = () => new Client(origin(), "t");

test("other events are no news, and what is found ends it", async () => {
  answers[ROUTE] = [
    events(["thing", { n: 1 }], ["other", {}], ["thing", { n: 2 }]),
  ];
  const seen: number[] = [];
  const found = await watch(client(), watched, (thing) => {
    seen.push(thing.n);
    return thing.n === 2 ? thing : null;
  });
  expect(found).toEqual({ n: 2 });
  expect(seen).toEqual([1, 2]);
  expect(asked).toHaveLength(1);
});

test("a stream in which nothing comes is left when the time is over", async () => {
  let left = false;
  answers[ROUTE] = [
    () =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue('event: thing\ndata: {"n":1}\n\n');
          },
          cancel() {
            left = true;
          },
        }),
      ),
  ];
  const seen: number[] = [];
  const watching = watch(client(), { ...watched, limit: 200 }, ({ n }) => {
    seen.push(n);
    return null;
  });
  expect(await watching.catch((error: unknown) => error)).toBeInstanceOf(
    TooLate,
  );
  expect(seen).toEqual([1]);
  expect(asked).toHaveLength(1);
  while (!left) await Bun.sleep(5); // the server notices by itself
});
