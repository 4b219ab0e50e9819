import { describe, expect, test } from "bun:test";
import { BODY_LIMIT, readManifest } from "./manifest";
import type { Manifest } from "./manifest";

function accepted(text: string, folder = "pdf"): Manifest {
  const read = readManifest(text, folder);
  if (!read.ok) throw new Error(`line ${read.line}: ${read.message}`);
  return read.manifest;
}

function refusal(text: string) {
  const read = readManifest(text, "pdf");
  return read.ok ? null : { line: read.line, message: read.message };
}

describe("a SKILL.md that is read", () => {
  test("all fields of the specification, without findings", () => {
    const manifest = accepted(
      "---\nname: pdf\ndescription: >-\n  Reads\n  PDFs.\nlicense: MIT\n" +
        "compatibility: Needs python3\nallowed-tools: Bash Read\n" +
        "metadata:\n  author: ada\n---\n\n# PDF\n\nText\n",
    );
    expect(manifest).toEqual({
      name: "pdf",
      description: "Reads PDFs.",
      license: "MIT",
      compatibility: "Needs python3",
      allowedTools: "Bash Read",
      internal: false,
      body: "# PDF\n\nText",
      findings: [],
    });
  });

  test("CRLF, a byte order mark and blank lines before it", () => {
    const manifest = accepted(
      "\ufeff\r\n---\r\nname: pdf\r\ndescription: x\r\n---\r\nA\r\nB\r\n",
    );
    expect(manifest.body).toBe("A\nB");
    expect(manifest.findings).toEqual([]);
  });

  test("without a name it takes its folder's and says so", () => {
    const manifest = accepted("---\ndescription: x\n---\n");
    expect(manifest.name).toBe("pdf");
    expect(manifest.findings).toHaveLength(1);
  });

  test("a name unlike the folder's loads, with the line of the name", () => {
    const manifest = accepted("---\ndescription: x\nname: Other_One\n---\n");
    expect(manifest.name).toBe("Other_One");
    expect(manifest.findings.map((f) => f.line)).toEqual([3, 3]);
  });

  test("a plain value with a colon is read as meant, and found", () => {
    const manifest = accepted(
      '---\nname: pdf\ndescription: Use when: "x" # 1\n---\n',
    );
    expect(manifest.description).toBe('Use when: "x" # 1');
    expect(manifest.findings).toEqual([
      { severity: "error", line: 3, message: expect.any(String) },
    ]);
  });

  test("lists of tools, numbers, unknown fields and wrong kinds", () => {
    const manifest = accepted(
      "---\nname: pdf\ndescription: 7\nallowed-tools: [Bash, Read]\n" +
        "license: {a: b}\nversion: 1\nmetadata: {internal: true}\n---\n",
    );
    expect(manifest.description).toBe("7");
    expect(manifest.allowedTools).toBe("Bash Read");
    expect(manifest.license).toBeUndefined();
    expect(manifest.internal).toBe(true);
    expect(manifest.findings.map((f) => f.line)).toEqual([6, 5]);
  });

  test("a tag of another language makes no object", () => {
    const manifest = accepted(
      '---\nname: pdf\ndescription: !!js/function "function(){}"\n---\n',
    );
    expect(manifest.description).toBe("function(){}");
    expect(manifest.findings[0]?.line).toBe(3);
  });

  test("special keys stay plain", () => {
    const manifest = accepted(
      "---\ndescription: x\n__proto__: {name: evil}\n---\n",
    );
    expect(manifest.name).toBe("pdf");
    expect(({} as { name?: string }).name).toBeUndefined();
  });

  test("a very long body is cut between characters", () => {
    const body = "é".repeat(BODY_LIMIT);
    const manifest = accepted(`---\nname: pdf\ndescription: x\n---\n${body}`);
    expect(manifest.body).toBe("é".repeat(BODY_LIMIT / 2));
    expect(manifest.findings).toHaveLength(1);
  });
});

describe("a SKILL.md that is refused", () => {
  test.each([
    ["# No frontmatter\n", 1],
    ["", 1],
    ["---\nname: pdf\ndescription: x\n", 1],
    ["---\nname: pdf\n---\n", 1],
    ["---\nname: pdf\ndescription:\n---\n", 3],
    ["---\nname: pdf\ndescription: [a, b\n---\n", 3],
    ["---\n- a\n- b\n---\n", 2],
    ["---\nname: \0\n---\n", 1],
  ])("%j at line %d", (text, line) => {
    expect(refusal(text)?.line).toBe(line);
  });

  test("references that multiply", () => {
    const rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"];
    for (let i = 1; i < 9; i++) {
      const alias = `*a${i - 1}`;
      rows.push(`a${i}: &a${i} [${Array(9).fill(alias).join(", ")}]`);
    }
    const started = performance.now();
    expect(
      refusal(`---\ndescription: x\n${rows.join("\n")}\n---\n`)?.message,
    ).toContain("too often");
    expect(performance.now() - started).toBeLessThan(1000);
  });

  test.each([
    ["flow lists", `a: ${"[".repeat(30_000)}${"]".repeat(30_000)}`],
    ["flow maps that never end", `a: ${"{a: ".repeat(15_000)}`],
    ["block lists", `a:\n  ${"- ".repeat(30_000)}`],
    ["just below what the parser bears", `a: ${"[".repeat(2_500)}`],
  ])("nesting that no one reads: %s", (_, yaml) => {
    const started = performance.now();
    const refused = refusal(`---\nname: pdf\ndescription: x\n${yaml}\n---\n`);
    expect(refused?.message).toBe("The frontmatter is nested too deeply.");
    // One repository may hold a thousand of these.
    expect(performance.now() - started).toBeLessThan(100);
  });

  test("brackets in words are no nesting", () => {
    const text = '---\ndescription: "a [ b { c"\nname: pdf\n---\n';
    expect(accepted(text).description).toBe("a [ b { c");
  });
});
