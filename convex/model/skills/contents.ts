import type { SkillFileContent } from "../digest";
import { readManifest } from "./manifest";
import type { Finding, Manifest } from "./manifest";

/** Longest SKILL.md that is read, in bytes. */
export const SKILL_FILE_LIMIT = 1024 * 1024;

export type SkillContents = {
  manifest: Manifest;
  /** As they are installed: SKILL.md under exactly that name. */
  files: SkillFileContent[];
  totalBytes: number;
};

export type ReadContents =
  { ok: true; contents: SkillContents } | { ok: false; message: string };

/**
 * Reads the SKILL.md among a skill's files.
 *
 * @param folderName the skill's folder, or the repository's name for its root
 * @param dropped links of the folder that lead nowhere and were left out
 */
export function readContents(
  files: readonly SkillFileContent[],
  folderName: string,
  dropped: readonly string[] = [],
): ReadContents {
  const exact = files.find((file) => file.path === "SKILL.md");
  const found =
    exact ?? files.find((file) => file.path.toLowerCase() === "skill.md");
  if (!found) return { ok: false, message: "The folder has no SKILL.md." };
  const read = readSkillFile(found.content, folderName);
  if (!read.ok) return read;
  const findings: Finding[] = [...read.manifest.findings];
  const warn = (message: string) =>
    findings.push({ severity: "warning", message });
  if (!exact) {
    // The agent looks for this very name.
    warn(
      `${found.path} is installed as SKILL.md, its name by the specification.`,
    );
  }
  for (const path of dropped.slice(0, 10)) {
    warn(`${path} is a link to nothing in this folder; it is left out.`);
  }
  return {
    ok: true,
    contents: {
      manifest: { ...read.manifest, findings },
      files: files.map((file) =>
        file === found ? { ...file, path: "SKILL.md" } : file,
      ),
      totalBytes: files.reduce((sum, file) => sum + file.content.length, 0),
    },
  };
}

/** Reads the bytes of a SKILL.md; the message of a refusal names the line. */
export function readSkillFile(content: Uint8Array, folderName: string) {
  if (content.length > SKILL_FILE_LIMIT) {
    return { ok: false as const, message: "SKILL.md is larger than 1 MiB." };
  }
  const text = new TextDecoder().decode(content);
  const read = readManifest(text, folderName);
  return read.ok
    ? read
    : {
        ok: false as const,
        message: `SKILL.md, line ${read.line}: ${read.message}`,
      };
}
