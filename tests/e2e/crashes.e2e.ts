import { expect, test } from "bun:test";
import { Client, Product, repository, skillMd, until } from "./harness";

/** Takes longer than the kill needs, so that the create is hit in the middle. */
const SLOW_CREATE = [
  { route: "POST /sandbox", kind: "latency", count: 1, ms: 1_500 },
];
const SKILL = "storm/skills/raft";
/** A lease runs for 60 s after its worker died; then somebody else takes over. */
const RECOVERY = { withinMs: 180_000, everyMs: 500 };

async function startProduct(): Promise<Product> {
  const product = await Product.start();
  await repository(product.skillsDir, "storm", "skills", {
    "skills/raft/SKILL.md": skillMd("raft", "Hold on."),
  });
  return product;
}

/** Begins a launch and waits until the provider has been asked to create. */
async function beginLaunch(product: Product, client: Client): Promise<string> {
  await product.faults(SLOW_CREATE);
  const { launchId } = await client.launch(SKILL);
  await until("create under way", async () => {
    return (await product.faultsLeft()).length === 0;
  });
  return launchId;
}

async function expectWholeAgain(
  product: Product,
  client: Client,
  launchId: string,
): Promise<void> {
  const launch = await client.ended(launchId, RECOVERY.withinMs);
  expect(["ready", "failed"]).toContain(launch.state);
  if (launch.state === "failed") {
    expect(launch.error?.message).toMatch(/\w/);
    expect(launch.error?.next).toMatch(/\w/);
  }
  // What follows works as if nothing had been.
  const again = await client.launchReady(SKILL);
  const answer = await client.chat(again.sessionId, "Are you there?");
  expect(answer.state).toBe("done");
  // The provider has what the records know, and nothing else.
  await until(
    "provider and records to agree",
    async () => {
      const made = await product.providerSandboxes();
      const known = (await client.sandboxes()).map((one) => one.sandboxId);
      return made.length === 1 && known.includes(made[0]?.id ?? "");
    },
    RECOVERY,
  );
}

// Each in a product of its own, all at once: they mostly wait.
test.concurrent.each(["backend", "sandbox"])(
  "kill -9 of the %s in the middle of a launch: it ends, and nothing is left over",
  async (part) => {
    const product = await startProduct();
    try {
      const client = await Client.of(product, "ada");
      const launchId = await beginLaunch(product, client);
      await product.kill(part);
      await expectWholeAgain(product, client, launchId);
    } finally {
      await product.stop();
    }
  },
  500_000,
);

test.concurrent(
  "kill -9 of everything in the middle of a launch: after the next start it ends, and nothing is left over",
  async () => {
    const product = await startProduct();
    try {
      const client = await Client.of(product, "ada");
      const launchId = await beginLaunch(product, client);
      await product.killEverything();
      await product.resume();
      await expectWholeAgain(product, client, launchId);
    } finally {
      await product.stop();
    }
  },
  500_000,
);
