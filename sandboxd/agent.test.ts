import { expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "./agent";
import { HermesHome } from "./hermes-home";
import { layoutOf } from "./layout";

test("an agent that does not stop is busy: nobody waits for it for ever", async () => {
  const home = await mkdtemp(join(tmpdir(), "slipway-agent-"));
  const folder = join(home, "snapshot");
  await mkdir(join(folder, "venv/bin"), { recursive: true });
  await writeFile(join(folder, "venv/bin/python"), ""); // never started
  const begun = Promise.withResolvers<void>();
  const disk = Promise.withResolvers<[]>(); // one that does not answer
  const layout = layoutOf(home);
  const hermes = new HermesHome(layout, {
    config: () => null,
    skills: () => {
      begun.resolve();
      return disk.promise;
    },
  });
  const agent = new Agent(layout, hermes, folder);
  const supervised = agent.supervise();
  try {
    await begun.promise;
    const rested = agent.rest(() => Promise.resolve("rested"), 20);
    await expect(rested).rejects.toMatchObject({ status: 409, code: "busy" });
    const again = agent.rest(() => Promise.resolve("rested"));
    disk.resolve([]);
    expect(await again).toBe("rested");
  } finally {
    disk.resolve([]);
    await agent.close();
    await supervised;
    await rm(home, { recursive: true, force: true });
  }
});
