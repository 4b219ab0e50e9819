#!/usr/bin/env node
// Runs a JavaScript regular expression on examples, or looks for inputs that make it
// slow. Every run is in a worker with a time limit, since a bad pattern never ends.
import {
  Worker,
  isMainThread,
  parentPort,
  workerData,
} from "node:worker_threads";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const LIMIT_MS = 1000;

if (!isMainThread) {
  const { pattern, flags, text } = workerData;
  const started = process.hrtime.bigint();
  const match = new RegExp(pattern, flags).exec(text);
  const ms = Number(process.hrtime.bigint() - started) / 1e6;
  parentPort.postMessage({
    match: match && [...match],
    groups: match?.groups,
    ms,
  });
} else {
  process.exitCode = await main();
}

/** Resolves with the result, or with null when the time was up. */
function run(pattern, flags, text) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(fileURLToPath(import.meta.url), {
      workerData: { pattern, flags, text },
    });
    const timer = setTimeout(() => {
      worker.terminate().then(() => resolve(null), reject);
    }, LIMIT_MS);
    worker.once("message", (result) => {
      clearTimeout(timer);
      resolve(result);
    });
    worker.once("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}

async function main() {
  const { values } = parseArgs({
    options: {
      js: { type: "string" },
      flags: { type: "string", default: "" },
      yes: { type: "string", multiple: true, default: [] },
      no: { type: "string", multiple: true, default: [] },
      stress: { type: "boolean", default: false },
    },
  });
  if (values.js === undefined) {
    console.error(
      "usage: try.mjs --js PATTERN [--flags F] [--yes TEXT]... [--no TEXT]... [--stress]",
    );
    return 2;
  }
  try {
    new RegExp(values.js, values.flags);
  } catch (error) {
    console.error(`not a valid pattern: ${error.message}`);
    return 2;
  }
  const wrong = await cases(values);
  const slow = values.stress ? await stress(values.js, values.flags) : false;
  return wrong || slow ? 1 : 0;
}

async function cases({ js, flags, yes, no }) {
  let wrong = 0;
  const all = [
    ...yes.map((text) => [text, true]),
    ...no.map((text) => [text, false]),
  ];
  for (const [text, expected] of all) {
    const result = await run(js, flags, text);
    const matched = Boolean(result?.match);
    const right = result !== null && matched === expected;
    if (!right) wrong++;
    const found =
      result === null
        ? `no answer within ${LIMIT_MS} ms`
        : matched
          ? `matches ${JSON.stringify(result.match[0])}`
          : "does not match";
    const groups = result?.groups ? ` ${JSON.stringify(result.groups)}` : "";
    console.log(
      `${right ? "ok   " : "WRONG"} ${JSON.stringify(text)} ${found}${groups}`,
    );
  }
  if (all.length > 0)
    console.log(`${all.length - wrong} of ${all.length} as expected`);
  return wrong > 0;
}

/** Repeats small pieces that the pattern may take, then a character it cannot. */
async function stress(pattern, flags) {
  const literals = pattern
    .replace(/\\.|[()[\]{}?*+|^$.]/g, " ")
    .split(" ")
    .filter(Boolean);
  const pieces = [
    ...new Set(["a", "0", " ", "ab", "a ", "a,", "-", "\t", "x@", ...literals]),
  ];
  for (const piece of pieces.slice(0, 24)) {
    for (const length of [12, 24, 48, 2000]) {
      const text = piece.repeat(length) + "\u0000!";
      const result = await run(pattern, flags, text);
      if (result === null || result.ms > 200) {
        console.log(
          `SLOW  ${JSON.stringify(piece)} repeated ${length} times: ${result ? `${Math.round(result.ms)} ms` : `over ${LIMIT_MS} ms`}`,
        );
        return true;
      }
    }
  }
  console.log(
    `ok    no slow input found among ${Math.min(pieces.length, 24)} kinds (a help, not a proof)`,
  );
  return false;
}
