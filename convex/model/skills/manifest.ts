import { cut, fitFindings } from "./budget";
import { readFrontmatter } from "./frontmatter";
import { hasHiddenCharacters } from "./names";
import { SECRET_FIELDS, secretsOf } from "./secrets";

/** Most of a SKILL.md's body that is kept for reading, in UTF-8 bytes. */
export const BODY_LIMIT = 200 * 1024;

/** Longest values that are kept, in characters. The specification's are shorter. */
const KEPT = { name: 100, text: 4_000 };

export type Finding = {
  severity: "warning" | "error";
  /** Line in SKILL.md, from 1. */
  line?: number;
  message: string;
};

export type Manifest = {
  name: string;
  description: string;
  license?: string;
  compatibility?: string;
  allowedTools?: string;
  /** Names of the values it asks for; absent when it asks for none. */
  secrets?: string[];
  /** The author does not want it listed; its exact name still opens it. */
  internal: boolean;
  body: string;
  findings: Finding[];
};

export type ReadManifest =
  | { ok: true; manifest: Manifest }
  | { ok: false; message: string; line: number };

const KNOWN = new Set([
  "name",
  "description",
  "license",
  "compatibility",
  "metadata",
  "allowed-tools",
  ...SECRET_FIELDS, // not of the specification, but heeded here
]);

/**
 * Reads a SKILL.md as leniently as agents do: only a missing description and
 * frontmatter that no reading makes sense of are refused. All else that departs
 * from the specification is a finding.
 *
 * @param folderName the skill's folder (the repository's name for its root): the
 *   name of a skill that gives none
 */
export function readManifest(text: string, folderName: string): ReadManifest {
  const read = readFrontmatter(text);
  if (!read.ok) return read;
  const { fields, lines, body, bodyLine } = read;
  const findings = [...read.findings];
  const warn = (message: string, field?: string) =>
    findings.push({
      severity: "warning",
      line: (field && lines.get(field)) || 1,
      message,
    });
  const textOf = (field: string) => {
    const value = fields.get(field);
    if (value === undefined || value === null || value === "") return undefined;
    if (typeof value === "string") {
      return cut(value.trim(), KEPT.text) || undefined;
    }
    if (typeof value === "number" || typeof value === "boolean") {
      return String(value);
    }
    if (Array.isArray(value) && value.every((v) => typeof v === "string")) {
      return cut(value.join(" "), KEPT.text);
    }
    warn(`\`${field}\` should be text; it is ignored.`, field);
    return undefined;
  };

  const description = textOf("description");
  if (description === undefined) {
    return {
      ok: false,
      line: lines.get("description") ?? 1,
      message: "The frontmatter has no description.",
    };
  }
  const given = textOf("name");
  // What cannot be shown on one line is no name.
  const unusable =
    given !== undefined &&
    (given.length > KEPT.name || hasHiddenCharacters(given));
  const name = unusable ? undefined : given;
  checkName(name, folderName, warn);
  checkLength("description", description, 1024, warn);
  const compatibility = textOf("compatibility");
  checkLength("compatibility", compatibility, 500, warn);
  for (const field of fields.keys()) {
    if (!KNOWN.has(field)) {
      warn(`\`${field}\` is not a field of the specification.`, field);
    }
  }
  const bodyLines = body === "" ? 0 : body.split("\n").length;
  if (bodyLines > 500) {
    warn(`The body has ${bodyLines} lines; 500 are recommended at most.`);
  }
  const secrets = secretsOf(fields);
  const kept = cutBytes(body, BODY_LIMIT);
  if (kept.length < body.length) {
    findings.push({
      severity: "warning",
      line: bodyLine,
      message: `Only the first ${BODY_LIMIT / 1024} KiB are shown here; the agent gets all of it.`,
    });
  }
  return {
    ok: true,
    manifest: {
      name: name ?? folderName,
      description,
      license: textOf("license"),
      compatibility,
      allowedTools: textOf("allowed-tools"),
      ...(secrets.length > 0 && { secrets }),
      internal: isInternal(fields.get("metadata"), warn),
      body: kept,
      findings: fitFindings(findings),
    },
  };
}

type Warn = (message: string, field?: string) => void;

function checkName(name: string | undefined, folder: string, warn: Warn) {
  if (name === undefined) {
    return warn(`There is no usable name; the folder's, "${folder}", is used.`);
  }
  if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name) || name.length > 64) {
    warn(
      "The name should be 1 to 64 lower-case letters, digits and single hyphens.",
      "name",
    );
  }
  if (name.toLowerCase() !== folder.toLowerCase()) {
    warn(`The name "${name}" differs from the folder's, "${folder}".`, "name");
  }
}

function checkLength(
  field: string,
  text: string | undefined,
  limit: number,
  warn: Warn,
) {
  if (text && text.length > limit) {
    warn(
      `\`${field}\` has ${text.length} characters; the limit is ${limit}.`,
      field,
    );
  }
}

function isInternal(metadata: unknown, warn: Warn): boolean {
  if (metadata === undefined || metadata === null) return false;
  if (!(metadata instanceof Map)) {
    warn("`metadata` should be a list of names and values.", "metadata");
    return false;
  }
  const internal: unknown = metadata.get("internal");
  return internal === true || internal === "true";
}

/** Cuts text to a number of UTF-8 bytes without splitting a character. */
function cutBytes(text: string, limit: number): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= limit) return text;
  const cut = new TextDecoder().decode(bytes.subarray(0, limit));
  return cut.replace(/\ufffd+$/, "");
}
