import { afterEach, expect, setSystemTime, test } from "bun:test";
import { z } from "zod";
import { readArguments } from "./arguments";
import { chat } from "./chat";
import { Client, Unreachable } from "./client";
import {
  answers,
  answersInTests,
  asked,
  events,
  json,
  missed,
  origin,
} from "./fixtures";
import { output } from "./output";
import { stopAll } from "./sandboxes";
import { TooLate, watch } from "./watch";

answersInTests();

const watched = {
  ...{ path: "/things/t1/events", event: "thing" },
  shape: z.object({ n: z.number() }),
};
const ROUTE = "GET /api/v1/things/t1/events";
const client = () => new Client(origin(), "t", { silence: 100, pause: 1 });

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

test("what Slipway has no time for is asked again; what it refuses is not", async () => {
  const refusal = (status: number, code: string) =>
    json(
      {
        ...{ type: `/docs/errors#${code}`, title: code, status, code },
        ...{
          detail: "Not now.",
          next: "Try again.",
          retryable: status === 503,
        },
      },
      status,
    );
  const busy = refusal(503, "provider_busy");
  answers[ROUTE] = [busy, busy, busy, events(["thing", { n: 2 }])];
  const found = await watch(client(), watched, (thing) => thing);
  expect(found).toEqual({ n: 2 });
  answers[ROUTE] = [refusal(404, "not_found")];
  const refused = watch(client(), watched, (thing) => thing);
  expect(await refused.catch(String)).toContain("Not now.");
});

const silent = () =>
  new Response(
    new ReadableStream({
      start(controller) {
        controller.enqueue('event: thing\ndata: {"n":1}\n\n');
      },
    }),
  );

test.each([
  ["after an event", silent],
  ["before it is answered", () => new Promise<Response>(() => {})],
])("a stream that falls silent %s is opened again", async (_, first) => {
  answers[ROUTE] = [first, events(["thing", { n: 2 }])];
  const found = await watch(client(), watched, (thing) =>
    thing.n === 2 ? thing : null,
  );
  expect(found).toEqual({ n: 2 });
});

test("a stream that is silent again and again is given up", async () => {
  answers[ROUTE] = [() => new Promise<Response>(() => {})];
  const hasty = new Client(origin(), "t", { silence: 5, pause: 1 });
  const watching = watch(hasty, watched, () => null);
  const error = await watching.catch((error: unknown) => error);
  expect(error).toBeInstanceOf(Unreachable);
  expect(String(error)).toContain("nothing was heard for 0.005 s");
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
  const patient = new Client(origin(), "t"); // beats come more seldom than that
  const watching = watch(patient, { ...watched, limit: 200 }, ({ n }) => {
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

/** What is printed of a command for people, or for programs. */
function heard(json: boolean) {
  let text = "";
  const out = output(json, { write: (more: string) => (text += more) });
  return { out, text: () => text };
}

const FIVE = [missed, missed, missed, missed, missed];
const answer = (state: string) =>
  json({
    messages: [
      { messageId: "m1", role: "user", text: "Hi", state: "done", parts: [] },
      {
        ...{ messageId: "m2", role: "assistant", text: "Hello", state },
        parts: [{ seq: 0, kind: "text", text: "Hello" }],
      },
    ],
  });

test("chat goes on after looks that were missed, but not for ever", async () => {
  answers["POST /api/v1/sessions/s1/messages"] = [json({ messageId: "m1" })];
  const looks = "GET /api/v1/sessions/s1/messages";
  answers[looks] = [...FIVE, answer("running"), ...FIVE, answer("done")];
  const { out, text } = heard(false);
  expect(await chat(client(), "s1", "Hi", null, out)).toBe(0);
  expect(text()).toBe("Hello\n");
  answers[looks] = [...FIVE, missed, answer("done")];
  const given = await chat(client(), "s1", "Hi", null, out).catch(
    (error: unknown) => error,
  );
  expect(given).toBeInstanceOf(Unreachable);
});

const stopping = { slotId: "b1", name: "default", state: "stopping" };
const stop = (...more: string[]) => {
  const args = readArguments(["stop", "--all", ...more]);
  if (args === "help") throw new Error("Nobody asked for help.");
  return args;
};
afterEach(() => {
  setSystemTime();
});

test("stop --all --wait goes on after looks that were missed", async () => {
  answers["POST /api/v1/sandboxes/stop-all"] = [json({ stopping: 1 }, 202)];
  answers["GET /api/v1/sandboxes/restore"] = [
    ...FIVE,
    json({ items: [{ ...stopping, state: "stopped" }] }),
  ];
  const { out, text } = heard(false);
  expect(await stopAll(client(), stop("--wait"), out)).toBe(0);
  expect(text()).toBe("b1  shared  stopped\n");
});

test("stop --all --wait that is late says so after what has come of each", async () => {
  answers["POST /api/v1/sandboxes/stop-all"] = [json({ stopping: 1 }, 202)];
  answers["GET /api/v1/sandboxes/restore"] = [
    () => {
      setSystemTime(Date.now() + 181_000);
      return Response.json({ items: [stopping] });
    },
  ];
  const { out, text } = heard(true);
  const late = await stopAll(client(), stop("--wait", "--json"), out).catch(
    (error: unknown) => error,
  );
  expect(late).toBeInstanceOf(TooLate);
  expect(String(late)).toContain("Not all have settled after 180 s.");
  expect(JSON.parse(text())).toEqual({ event: "item", ...stopping });
});
