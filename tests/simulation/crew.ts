import type { Played, Range, Result } from "./worker";

/** Worker processes that play ranges of seeds, each a range at a time. */

export type Crew = {
  /** Plays the ranges; each result is told as it comes. Ends early when `told` answers false. */
  play(
    ranges: Iterable<Range>,
    told: (result: Result) => boolean,
  ): Promise<void>;
  /** Plays a scene by its name; the promise that it broke, or null. */
  show(scene: string): Promise<string | null>;
  close(): Promise<void>;
};

export async function hire(jobs: number, guard?: string): Promise<Crew> {
  const workers = await Promise.all(
    Array.from({ length: jobs }, () => start(guard)),
  );
  return {
    async play(ranges, told) {
      const left = ranges[Symbol.iterator]();
      let going = true;
      await Promise.all(
        workers.map(async (worker) => {
          for (;;) {
            const { value, done } = left.next();
            if (done || !going) return;
            const result = await worker.play(value);
            going = told(result) && going;
          }
        }),
      );
    },
    show(scene) {
      const [worker] = workers;
      if (!worker) throw new Error("There is nobody to play a scene.");
      return worker.show(scene);
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.close()));
    },
  };
}

/**
 * With the JIT's last tier and the concurrent collector a worker plays a fifth
 * fewer runs a second. Only told here: they are read when a process begins.
 */
const LEAN = { BUN_JSC_useFTLJIT: "0", BUN_JSC_useConcurrentGC: "0" };

async function start(guard: string | undefined) {
  const ready = Promise.withResolvers<void>();
  let answer: PromiseWithResolvers<Result & Played> | null = null;
  const child = Bun.spawn({
    cmd: [
      process.execPath,
      `${import.meta.dir}/worker.ts`,
      ...(guard === undefined ? [] : [guard]),
    ],
    env: { ...process.env, ...LEAN },
    stdio: ["ignore", "inherit", "pipe"],
    ipc(message: (Result & Played) | "ready") {
      if (message === "ready") ready.resolve();
      else answer?.resolve(message);
    },
  });
  const words = new Response(child.stderr).text();
  void child.exited.then(async () => {
    const gone = new Error(`A worker ended by itself.\n${await words}`);
    ready.reject(gone);
    answer?.reject(gone);
  });
  await ready.promise;
  const ask = (what: Range | { scene: string }) => {
    answer = Promise.withResolvers<Result & Played>();
    child.send(what);
    return answer.promise;
  };
  return {
    play: (range: Range): Promise<Result> => ask(range),
    show: async (scene: string) => (await ask({ scene })).promise,
    async close() {
      answer = null;
      child.disconnect();
      await child.exited;
    },
  };
}
