import { afterEach, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ConvexHttpClient } from "convex/browser";
import { api, Cleanup, eventually, watch } from "./backend-harness";
import { startProcess } from "./backend-process";

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const module = (greeting: string) => `
  import { mutationGeneric, queryGeneric } from "convex/server";
  export const add = mutationGeneric({
    handler: (ctx, { name }) => ctx.db.insert("names", { name }),
  });
  export const greet = queryGeneric({
    handler: async (ctx) =>
      (await ctx.db.query("names").collect()).map(({ name }) => "${greeting} " + name),
  });
`;

/** In the checkout, where "convex/server" is found. */
async function functionsFolder(): Promise<string> {
  const parent = join(import.meta.dir, "../../.slipway");
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, "watch-"));
  cleanup.add(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test("a change of the functions is taken up, and the data and the clients stay", async () => {
  const functions = await functionsFolder();
  const file = join(functions, "names.ts");
  await writeFile(file, module("Hello"));
  const data = await cleanup.folder();
  const flags = ["--watch"];
  const backend = await startProcess(cleanup, { functions, data, flags });
  cleanup.add(() => backend.stop()); // and with it the process it watches
  const { add, greet } = api["names"]!;
  const client = cleanup.client(backend.url);
  await client.mutation(add!, { name: "Ada" });
  const greetings = watch<string[]>(client, greet!);
  await greetings.until((all) => all.join() === "Hello Ada");

  await writeFile(file, "export const broken = ;");
  const http = new ConvexHttpClient(backend.url, { logger: false });
  const down = () =>
    http.query(greet!).then(
      () => false,
      () => true,
    );
  await eventually(down, (isDown) => isDown);

  await writeFile(file, module("Welcome"));
  await eventually(
    () => greetings.values.at(-1)?.join(),
    (last) => last === "Welcome Ada",
    15_000,
  );
}, 30_000);
