import { isMap, isScalar, LineCounter, parseDocument } from "yaml";
import type { Document } from "yaml";
import type { Finding } from "./manifest";

/** Longest frontmatter that is parsed, in characters. */
const FRONTMATTER_LIMIT = 64 * 1024;
/** References (`*anchor`) a frontmatter may resolve to; stops exponential ones. */
const ALIAS_LIMIT = 50;
/** Lists within lists a frontmatter may have; the specification's has two levels. */
const DEPTH_LIMIT = 100;

export type Frontmatter =
  | {
      ok: true;
      fields: Map<string, unknown>;
      /** Line in the file of each top-level field. */
      lines: Map<string, number>;
      body: string;
      bodyLine: number;
      findings: Finding[];
    }
  | { ok: false; message: string; line: number };

/** Splits a SKILL.md and reads its YAML block. Takes CRLF and a byte order mark. */
export function readFrontmatter(file: string): Frontmatter {
  const text = file.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  if (text.includes("\0")) return refused("The file is not text.", 1);
  const rows = text.split("\n");
  let start = 0;
  while (start < rows.length && rows[start]?.trim() === "") start++;
  if (rows[start]?.trimEnd() !== "---") {
    return refused("The file does not begin with YAML frontmatter (---).", 1);
  }
  const end = rows.findIndex(
    (row, i) => i > start && /^(?:---|\.\.\.)\s*$/.test(row),
  );
  if (end < 0) {
    return refused("The frontmatter is not closed by a line ---.", start + 1);
  }
  const yaml = rows.slice(start + 1, end).join("\n");
  if (yaml.length > FRONTMATTER_LIMIT) {
    return refused("The frontmatter is longer than 64 KiB.", start + 1);
  }
  // Before it is parsed: to find out costs the parser a second and its stack.
  if (nesting(yaml) > DEPTH_LIMIT) {
    return refused("The frontmatter is nested too deeply.", start + 2);
  }
  const body = rows
    .slice(end + 1)
    .join("\n")
    .trim();
  const read = readYaml(yaml, start + 2);
  return read.ok ? { ...read, body, bodyLine: end + 2 } : read;
}

function refused(message: string, line: number) {
  return { ok: false as const, message, line };
}

/** Levels of lists and maps at most; brackets within words count too. */
function nesting(yaml: string): number {
  let deepest = 0;
  for (const row of yaml.split("\n")) {
    // Each "- " and "? " at the start of a row opens a level.
    const lead = /^(?:\s|[-?](?=\s))*/.exec(row)?.[0] ?? "";
    deepest = Math.max(deepest, lead.replace(/\s/g, "").length);
  }
  let depth = 0;
  for (const char of yaml) {
    if (char === "[" || char === "{") depth += 1;
    if (char === "]" || char === "}") depth = Math.max(0, depth - 1);
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

/** @param firstLine the line of the file where the YAML begins */
function readYaml(yaml: string, firstLine: number) {
  const findings: Finding[] = [];
  let parsed = parse(yaml);
  const broken = parsed.document.errors[0];
  if (broken) {
    const line = firstLine + lineAt(yaml, broken.pos[0]) - 1;
    // The commonest mistake by far, and agents read past it: `description: Use: x`.
    const quoted = quoteValues(yaml);
    const again = quoted === yaml ? null : parse(quoted);
    if (!again || again.document.errors.length > 0) {
      return refused(`The YAML cannot be read: ${firstRow(broken)}`, line);
    }
    parsed = again;
    findings.push({
      severity: "error",
      line,
      message: "A value with a colon must be in quotes; strict readers fail.",
    });
  }
  const { document, counter } = parsed;
  if (!isMap(document.contents)) {
    return refused("The frontmatter is not a list of fields.", firstLine);
  }
  const lines = new Map<string, number>();
  for (const { key } of document.contents.items) {
    if (isScalar(key) && key.range) {
      const { line } = counter.linePos(key.range[0]);
      lines.set(String(key.value), firstLine + line - 1);
    }
  }
  for (const warning of document.warnings) {
    findings.push({
      severity: "warning",
      line: firstLine + lineAt(yaml, warning.pos[0]) - 1,
      message: firstRow(warning),
    });
  }
  const fields = toFields(document);
  if (fields === "aliases") {
    return refused("The frontmatter refers to itself too often.", firstLine);
  }
  if (fields === "depth") {
    return refused("The frontmatter is nested too deeply.", firstLine);
  }
  return { ok: true as const, fields, lines, findings };
}

function parse(yaml: string) {
  const counter = new LineCounter();
  const document = parseDocument(yaml, {
    schema: "core",
    customTags: [],
    resolveKnownTags: false,
    uniqueKeys: false,
    lineCounter: counter,
    logLevel: "silent",
    prettyErrors: false,
  });
  return { document, counter };
}

/** The top-level fields, as maps all the way down so that no key is special. */
function toFields(
  document: Document,
): Map<string, unknown> | "aliases" | "depth" {
  try {
    const value: unknown = document.toJS({
      mapAsMap: true,
      maxAliasCount: ALIAS_LIMIT,
    });
    if (!(value instanceof Map)) throw new TypeError("A map came out as none.");
    return new Map([...value].map(([key, field]) => [String(key), field]));
  } catch (error) {
    // The library's word for too many or unknown aliases.
    if (error instanceof ReferenceError) return "aliases";
    // The stack's: aliases may nest deeper than the text does.
    if (error instanceof RangeError) return "depth";
    throw error;
  }
}

/** Puts quotes around plain top-level values that hold ": " or " #". */
function quoteValues(yaml: string): string {
  return yaml
    .split("\n")
    .map((row) => {
      const match = /^([A-Za-z][\w-]*): +([^\s"'|>[{&*!].*)$/.exec(row);
      const [, key, value] = match ?? [];
      return key && value && /: |:$| #/.test(value)
        ? `${key}: ${JSON.stringify(value)}`
        : row;
    })
    .join("\n");
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

function firstRow(error: Error): string {
  return error.message.split("\n")[0] ?? error.message;
}
