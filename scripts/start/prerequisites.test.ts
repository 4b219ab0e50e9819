import { expect, test } from "bun:test";
import { OptionError, readOptions } from "./options";
import { BUBBLEWRAP, ensurePrograms, GIT, type Program } from "./prerequisites";

const absent = (program: Program) => ({
  ...program,
  program: "slipway-no-such-program",
});
const cannot = async () => ({ ok: false, remedy: "Run: get it" }) as const;
const without = (...programs: Program[]) =>
  ensurePrograms(programs.map(absent), () => {}, cannot);

test("without git the start ends at once, with what brings it and how to go without", async () => {
  const error = await without(GIT).catch((failed: unknown) => failed);
  expect(error).toBeInstanceOf(OptionError);
  const { message } = error as OptionError;
  expect(message).toStartWith("git is missing: ");
  expect(message).toContain("Run: get it");

  // The setting that it names is taken, and leaves the skill host out.
  const hosts = /SLIPWAY_GIT_HOSTS='(.*)'/.exec(message)?.[1] ?? "";
  expect(JSON.parse(hosts)).toMatchObject([{ host: "github.com" }]);
  const { replaced } = readOptions({ SLIPWAY_GIT_HOSTS: hosts }, []);
  expect(replaced.skills).toBe(true);
});

test("without bubblewrap everything but sandboxes runs", async () => {
  expect(await without(BUBBLEWRAP)).toBe("bubblewrap missing");
});
