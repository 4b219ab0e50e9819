import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { findNode, findPython, showsTooMuch } from "./hosts";

const CHECKOUT = resolve(import.meta.dir, "../..");
const { HOME, SLIPWAY_PYTHON } = process.env;

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "snapshot-hosts-"));
  process.env.HOME = home;
});
afterEach(() => {
  restore("HOME", HOME);
  restore("SLIPWAY_PYTHON", SLIPWAY_PYTHON);
  rmSync(home, { recursive: true, force: true });
});

function restore(name: string, value: string | undefined) {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

/** A program that says of itself what the real one is asked for. */
function program(path: string, says: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\necho '${says}'\n`);
  chmodSync(path, 0o755);
  return path;
}

const node = (path: string) => program(path, `${path} 22.1.0`);

const python = (prefix: string) => {
  const executable = join(prefix, "bin", "python3");
  const said = { version: "3.12.1", pip: true, fits: true, executable, prefix };
  return program(executable, JSON.stringify(said));
};

test("a home, what holds it, and the checkout are too much to show", async () => {
  const wide = ["/", dirname(home), home, join(home, ".local")];
  for (const folder of [...wide, CHECKOUT, dirname(CHECKOUT)]) {
    expect([folder, await showsTooMuch(folder)]).toEqual([folder, true]);
  }
  const own = [".nvm/versions/node/v22", ".local/share/uv/python/3.12", ".loc"];
  for (const folder of own.map((path) => join(home, path))) {
    expect([folder, await showsTooMuch(folder)]).toEqual([folder, false]);
  }
  expect(await showsTooMuch("/opt/node-22")).toBe(false);
});

test("a Node whose folder is its owner's home is passed by, with a word on what to do", async () => {
  const inHome = node(join(home, "bin", "node"));
  const refused = await findNode([inHome]);
  expect(refused).toEqual({
    ok: false,
    reason: `Node at ${inHome} would show sandboxes all of ${home}. Install Node 20 or newer in a folder of its own (nvm does), or below /usr: https://nodejs.org/en/download`,
  });
  const prefix = join(home, ".nvm", "v22");
  const apart = node(join(prefix, "bin", "node"));
  expect(await findNode([inHome, apart])).toEqual({
    ...{ ok: true, path: apart, version: "22.1.0", bind: prefix },
  });
});

test("a Python as well", async () => {
  process.env.SLIPWAY_PYTHON = python(join(home, ".local"));
  const refused = await findPython();
  expect(refused.ok).toBe(false);
  expect(!refused.ok && refused.reason).toContain(
    `would show sandboxes all of ${join(home, ".local")}. Install Python`,
  );
  const prefix = join(home, ".pyenv", "3.12");
  process.env.SLIPWAY_PYTHON = python(prefix);
  expect(await findPython()).toMatchObject({ ok: true, bind: prefix });
});
