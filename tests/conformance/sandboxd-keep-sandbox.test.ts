/** Keep and restore through the provider: its preview, its limits, its disks. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { dirname } from "node:path";
import type { Sandbox } from "@daytonaio/sdk";
import type { Id } from "../../convex/_generated/dataModel";
import type { ActionCtx } from "../../convex/_generated/server";
import { aad, seal } from "../../convex/model/seal";
import { keepDisk, restoreDisk, type DiskAccess } from "../../convex/node/keep";
import { startFixture, type Fixture } from "./sandbox-support";
import { eventually, testSnapshot } from "./sandboxd-harness";

setDefaultTimeout(180_000);

const KEYS = "SLIPWAY_SEAL_KEYS";
const keysBefore = process.env[KEYS];
let fixture: Fixture;
let snapshot: string;

beforeAll(async () => {
  process.env[KEYS] = `test:${randomBytes(32).toString("base64")}`;
  const built = await testSnapshot();
  snapshot = built.name;
  fixture = await startFixture({ snapshots: dirname(built.path) });
});
afterAll(async () => {
  if (keysBefore === undefined) delete process.env[KEYS];
  else process.env[KEYS] = keysBefore;
  await fixture?.close();
});

let file: Blob | null = null;
const ctx = {
  storage: {
    store: async (blob: Blob) => {
      file = new Blob([await blob.arrayBuffer()]);
      return "file";
    },
    get: () => Promise.resolve(file),
  },
} as unknown as ActionCtx;

const slotId = "slot" as Id<"slots">;

async function made(
  name: string,
  generation: number,
): Promise<{ sandbox: Sandbox; access: DiskAccess }> {
  const sandbox = await fixture.daytona.create({ snapshot, name });
  const { url, token } = await sandbox.getPreviewLink(4500);
  const key = randomBytes(24).toString("hex");
  const claim = Buffer.from(JSON.stringify({ key, generation }));
  await sandbox.fs.uploadFile(claim, "/home/daytona/.slipway/claim.json");
  const previewToken = token ?? "";
  await eventually("sandboxd answers", async () => {
    const headers = {
      "x-daytona-preview-token": previewToken,
      authorization: `Bearer ${key}`,
    };
    return (await fetch(`${url.replace(/\/$/, "")}/health`, { headers })).ok;
  });
  const sandboxdKey = await seal(key, aad.sandboxd(slotId, generation));
  return {
    sandbox,
    access: { slotId, generation, url, previewToken, sandboxdKey },
  };
}

const run = async (sandbox: Sandbox, command: string) =>
  (await sandbox.process.executeCommand(command)).result.trim();

test("150 MiB that do not compress, and a script, move to another sandbox", async () => {
  const old = await made("keep-old", 1);
  const large = "/home/daytona/sessions/s1/large";
  await run(
    old.sandbox,
    `mkdir -p ${dirname(large)} && head -c 157286400 /dev/urandom > ${large} && printf 'echo ran' > ${large}.sh && chmod +x ${large}.sh`,
  );
  const sum = await run(old.sandbox, `sha256sum ${large}`);
  expect(sum).toContain(large);

  const goOn = () => Promise.resolve();
  const kept = await keepDisk(ctx, old.access, goOn);
  if (kept.kind !== "kept") throw new Error(JSON.stringify(kept));
  await old.sandbox.delete();

  const anew = await made("keep-new", 2);
  expect(await restoreDisk(ctx, anew.access, kept, goOn)).toEqual({
    kind: "restored",
    digest: kept.digest,
  });
  expect(await run(anew.sandbox, `sha256sum ${large}`)).toBe(sum);
  expect(await run(anew.sandbox, `${large}.sh`)).toBe("ran");
});
