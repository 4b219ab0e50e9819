import { afterEach, expect, setSystemTime, test } from "bun:test";
import type { Activity } from "./activity";
import { keepHouse } from "./housekeeping";
import type { Lifecycle } from "./lifecycle";
import type { Registry, SandboxRecord } from "./registry";

const MINUTE = 60_000;
afterEach(() => void setSystemTime());

test("what slept with its machine was not idle meanwhile, and is afterwards", async () => {
  const record = {
    ...{ id: "s", name: "s", state: "started", destroyAt: null },
    ...{ autoStopInterval: 30, lastActivityAt: Date.now() },
  } as SandboxRecord;
  const looks = { count: 0 };
  const stopped: string[] = [];
  const registry = {
    catchUp: () => void (looks.count += 1),
    all: () => [record],
  } as unknown as Registry;
  const lifecycle = {
    stop: async (id: string) => void stopped.push(id),
  } as unknown as Lifecycle;
  const idle = { isBusy: () => false } as unknown as Activity;
  let now = Date.now();
  const pass = async (ms: number) => {
    setSystemTime((now += ms));
    const seen = looks.count;
    while (looks.count < seen + 2) await Bun.sleep(1);
  };
  setSystemTime(now);
  // A look every 5 ms of real time; its minutes are those of the clock.
  const house = keepHouse(registry, lifecycle, idle, MINUTE, 5);
  await pass(8 * 60 * MINUTE); // closed for the night
  expect(stopped).toEqual([]);
  for (let minute = 0; minute < 29; minute++) {
    for (let half = 0; half < 3; half++) await pass(20_000);
  }
  expect(stopped).toEqual([]);
  await pass(20_000);
  for (let n = 0; n < 3; n++) await pass(20_000);
  expect(stopped.length).toBeGreaterThan(0);
  house.stop();
});
