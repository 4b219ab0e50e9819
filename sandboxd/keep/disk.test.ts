import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, truncateSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Agent } from "../agent";
import { layoutOf } from "../layout";
import type { Turns } from "../turns";
import { Disk } from "./disk";
import { MAX_BYTES } from "./parts";

let home: string;
let calls: string[];
beforeEach(() => {
  calls = [];
  home = mkdtempSync(join(tmpdir(), "slipway-disk-"));
  mkdirSync(join(home, "sessions"));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

/** Whose agent tells when it is made to rest, and whose turns when they are held. */
function diskWhere(resting: () => void = () => {}): Disk {
  const agent = {
    rest: async (task: () => Promise<void>) => {
      calls.push("rests");
      resting();
      await task();
      calls.push("goes on");
    },
  } as unknown as Agent;
  const turns = {
    hold: () => {
      calls.push("held");
      return () => calls.push("released");
    },
  } as unknown as Turns;
  return new Disk(layoutOf(home), agent, turns);
}

const newResponse = () => new ServerResponse(new IncomingMessage(new Socket()));

test("what is too much to keep is refused before the agent is made to rest", async () => {
  const file = join(home, "sessions/large");
  writeFileSync(file, "");
  truncateSync(file, MAX_BYTES + 1);
  await expect(diskWhere().keep(newResponse())).rejects.toMatchObject({
    code: "keep_too_large",
  });
  expect(calls).toEqual(["held", "released"]);
});

test("a copy nobody waits for any more lets the turns go on", async () => {
  writeFileSync(join(home, "sessions/file"), "text");
  for (const when of ["before", "while it rests"]) {
    calls = [];
    const response = newResponse();
    const leave = () => void response.emit("close");
    const keeping = diskWhere(leave).keep(response);
    if (when === "before") leave();
    await keeping;
    expect(response.headersSent).toBe(false);
    expect(calls).toEqual(
      when === "before" ? ["held", "released"] : ["held", "rests", "released"],
    );
  }
});
