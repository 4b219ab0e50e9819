import { afterAll, beforeAll, expect, test } from "bun:test";
import { Client, Product, repository, skillMd, until } from "./harness";

let product: Product;

beforeAll(async () => {
  product = await Product.start();
  await repository(product.skillsDir, "storm", "skills", {
    "skills/raft/SKILL.md": skillMd("raft", "Hold on."),
  });
}, 400_000);
afterAll(async () => {
  await product?.stop();
});

/** A create that takes long enough to be hit in the middle. */
async function slowCreate(): Promise<void> {
  await product.faults([
    { route: "create", kind: "latency", count: 1, ms: 1_500 },
  ]);
}

/** What the provider has, and what the records of these people know. */
async function expectNothingLeftOver(clients: Client[]): Promise<void> {
  await until(
    "provider and records to agree",
    async () => {
      const made = await product.providerSandboxes();
      const records = await Promise.all(clients.map((one) => one.sandboxes()));
      const known = records
        .flat()
        .map(({ sandboxId }) => sandboxId)
        .filter((id) => id !== null);
      return (
        made.every(({ id }) => known.includes(id)) &&
        made.length === known.length
      );
    },
    { withinMs: 150_000, everyMs: 500 },
  );
}

const people: Client[] = [];

test.each(["backend", "sandbox"])(
  "kill -9 of the %s in the middle of a launch: it ends, and nothing is left over",
  async (part) => {
    const client = await Client.of(product, `${part}-victim`);
    people.push(client);
    await slowCreate();
    const { launchId } = await client.launch("storm/skills/raft");
    await Bun.sleep(400); // in the middle of the create, whatever it is doing

    await product.kill(part);

    const launch = await client.ended(launchId, 180_000);
    expect(["ready", "failed"]).toContain(launch.state);
    if (launch.state === "failed") {
      expect(launch.error).toMatchObject({
        message: expect.stringMatching(/\w/),
        next: expect.stringMatching(/\w/),
      });
    }
    await product.faults([]);
    // What follows works as if nothing had been.
    await client.launchReady("storm/skills/raft");
    await expectNothingLeftOver(people);
  },
  400_000,
);

test("kill -9 of everything in the middle of a launch: after the next start it ends, and a chat goes on", async () => {
  const client = await Client.of(product, "everything-victim");
  people.push(client);
  await slowCreate();
  const { launchId } = await client.launch("storm/skills/raft");
  await Bun.sleep(400);

  await product.killEverything();
  await product.resume();

  const launch = await client.ended(launchId, 180_000);
  expect(["ready", "failed"]).toContain(launch.state);
  const again = await client.launchReady("storm/skills/raft");
  const answer = await client.chat(again.sessionId, "Are you there?");
  expect(answer.state).toBe("done");
  await expectNothingLeftOver(people);
}, 400_000);
