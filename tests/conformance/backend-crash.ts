import { ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { join } from "node:path";
import { Random } from "../../emulators/backend/random";
import { eventually, FIXTURES, type Cleanup } from "./backend-harness";
import { Ledger, type Page } from "./backend-crash-ledger";
import { Sender } from "./backend-crash-sender";
import { MAIN, startProcess } from "./backend-process";

/**
 * Kills the backend's process again and again while clients send it transfers,
 * and looks after each restart whether the ledger adds up.
 */

const LEDGER = join(FIXTURES, "ledger");
const SENDERS = 4;
/** Longest time of load before the kill; also of a start that is cut short. */
const LONGEST_MS = 200;
/** One cycle in so many dies while it is still starting. */
const DIES_STARTING = 8;

export type Outcome = {
  cycles: number;
  /** Transfers in the ledger; so many of them were acknowledged. */
  transfers: number;
  acknowledged: number;
  /** Requests that were sent again because a crash took their answer. */
  resent: number;
};

/** @throws Error that says which cycle found what */
export async function crashCycles(
  cleanup: Cleanup,
  cycles: number,
  seed: string,
  progress: (cycle: number, transfers: number) => void = () => {},
): Promise<Outcome> {
  const random = new Random(seed);
  const data = await cleanup.folder();
  const ledger = new Ledger();
  const senders = Array.from(
    { length: SENDERS },
    (_, index) => new Sender(`${seed}-${index}`, ledger, random),
  );
  for (let cycle = 1; cycle <= cycles; cycle++) {
    if (random.next32() % DIES_STARTING === 0) await dieStarting(data, random);
    const backend = await startProcess(cleanup, { functions: LEDGER, data });
    try {
      await read(backend.url, ledger);
    } catch (error) {
      throw new Error(`Cycle ${cycle} of seed ${seed}: ${String(error)}`);
    }
    for (const sender of senders) sender.connect(backend.url);
    await Bun.sleep(random.float() * LONGEST_MS);
    await backend.kill();
    for (const sender of senders) sender.disconnect();
    progress(cycle, ledger.count);
  }
  await finish(cleanup, data, senders, ledger);
  return {
    cycles,
    transfers: ledger.count,
    acknowledged: ledger.acknowledged.size,
    resent: senders.reduce((sum, { resent }) => sum + resent, 0),
  };
}

async function dieStarting(data: string, random: Random): Promise<void> {
  const child = Bun.spawn(
    [process.execPath, MAIN, "--functions", LEDGER, "--data", data],
    { env: process.env, stdout: "ignore", stderr: "ignore" },
  );
  await Bun.sleep(random.float() * LONGEST_MS);
  child.kill("SIGKILL");
  await child.exited;
}

/** What was waiting is sent again and done, every job has run, and all adds up. */
async function finish(
  cleanup: Cleanup,
  data: string,
  senders: Sender[],
  ledger: Ledger,
): Promise<void> {
  const backend = await startProcess(cleanup, { functions: LEDGER, data });
  for (const sender of senders) sender.connect(backend.url, true);
  await eventually(
    () => senders.reduce((sum, { waiting }) => sum + waiting, 0),
    (waiting) => waiting === 0,
  );
  await eventually(
    () => page(backend.url, 1),
    ({ waiting }) => waiting === 0,
  );
  ledger.startAgain();
  await read(backend.url, ledger);
  ledger.checkSettled();
  await backend.stop();
}

/** Reads on from where the last look ended, and checks. */
async function read(url: string, ledger: Ledger): Promise<void> {
  do ledger.take(await page(url, ledger.count + 1));
  while (!ledger.complete);
  ledger.check();
}

const audit = makeFunctionReference<"query", { from: number }, Page>(
  "ledger:audit",
);

function page(url: string, from: number): Promise<Page> {
  return new ConvexHttpClient(url, { logger: false }).query(audit, { from });
}
