import { afterAll, beforeAll, expect, test, setDefaultTimeout } from "bun:test";
import type { Sandbox } from "@daytonaio/sdk";
import { ContractChecker } from "./sandbox-contract";
import { PATIENCE_MS, TARGET } from "./sandbox-target";
import { startWire } from "./sandbox-wire";
import type { Wire } from "./sandbox-wire";

setDefaultTimeout(PATIENCE_MS);

let wire: Wire;
let sandbox: Sandbox;
beforeAll(async () => {
  wire = await startWire();
  sandbox = await wire.daytona.create({ name: wire.name("answers") });
  await sandbox.fs.uploadFile(Buffer.from("one"), "one.txt");
  await sandbox.process.createSession("s");
});
afterAll(() => wire.close());

/** As the control plane and the toolbox have them, with what they must answer. */
const reads = (): [path: string, status: number][] => [
  [`/api/sandbox/${sandbox.id}`, 200],
  [`/api/sandbox/${sandbox.name}`, 200],
  [`/api/sandbox/${crypto.randomUUID()}`, 404],
  ["/api/sandbox?limit=5", 200],
  [`/api/sandbox/${sandbox.id}/ports/3000/preview-url`, 200],
  [`/api/sandbox/${sandbox.id}/ports/3000/signed-preview-url`, 200],
  [`/api/sandbox/${sandbox.id}/toolbox-proxy-url`, 200],
  ["/api/snapshots?limit=5", 200],
  ["/api/snapshots/no-such-snapshot", 404],
  ["/toolbox/files?path=.", 200],
  ["/toolbox/files/info?path=one.txt", 200],
  ["/toolbox/files/info?path=nothing", 404],
  ["/toolbox/files/find?path=.&pattern=one", 200],
  ["/toolbox/files/search?path=.&pattern=*.txt", 200],
  ["/toolbox/process/session", 200],
  ["/toolbox/process/session/s", 200],
  ["/toolbox/process/session/none", 404],
  ["/toolbox/process/pty", 200],
  ["/toolbox/user-home-dir", 200],
  ["/toolbox/work-dir", 200],
];

test("plain reads are answered as the vendor's documents say", async () => {
  // The vendor may have added what its documents of that day do not name.
  const contract = new ContractChecker(TARGET === null);
  const headers = { authorization: `Bearer ${wire.apiKey}` };
  const statuses: string[] = [];
  for (const [path, status] of reads()) {
    const below = path.startsWith("/api/")
      ? wire.apiUrl + path.slice("/api".length)
      : wire.toolbox(sandbox) + path.slice("/toolbox".length);
    const answer = await fetch(below, { headers });
    if (answer.status !== status) {
      statuses.push(`${path}: ${answer.status}, not ${status}`);
    }
    // Under the names the documents use, wherever it is served.
    const named = path.replace(/^\/toolbox/, `/toolbox/${sandbox.id}`);
    contract.observe(new Request(`http://service${named}`), answer);
  }
  await contract.settle();
  expect(statuses).toEqual([]);
  expect(contract.covered.size).toBeGreaterThan(14);
});
