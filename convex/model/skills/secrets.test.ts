import { expect, test } from "bun:test";
import { readManifest } from "./manifest";

function secrets(frontmatter: string): string[] | undefined {
  const text = `---\nname: pdf\ndescription: x\n${frontmatter}\n---\nBody\n`;
  const read = readManifest(text, "pdf");
  if (!read.ok) throw new Error(read.message);
  return read.manifest.secrets;
}

test.each([
  ["a list of names", "required_environment_variables: [API_KEY, TOKEN_2]"],
  [
    "a list of objects",
    "required_environment_variables:\n  - name: API_KEY\n    prompt: Yours\n  - name: TOKEN_2",
  ],
  [
    "a vendor's requirements",
    "metadata:\n  hermes:\n    requires:\n      env: [API_KEY, TOKEN_2]",
  ],
  [
    "a vendor's first and its others",
    "metadata:\n  one:\n    primaryEnv: API_KEY\n  two:\n    requires:\n      env:\n        - TOKEN_2",
  ],
  ["env as a list", "env:\n  - API_KEY\n  - TOKEN_2"],
  ["env as a map", "env:\n  API_KEY: what you have\n  TOKEN_2:"],
  [
    "environment as a list of objects",
    "environment:\n  - name: API_KEY\n  - name: TOKEN_2",
  ],
  ["the same name twice", "env: [API_KEY, TOKEN_2]\nenvironment:\n  API_KEY:"],
])("%s", (_, frontmatter) => {
  expect(secrets(frontmatter)).toEqual(["API_KEY", "TOKEN_2"]);
});

test.each([
  "license: MIT",
  "env: development is fine",
  "env: [lower_case, 7UP, 'A B', '', {name: {A: 1}}, {NAME: A}, 12]",
  "env: 12",
  `env: [${"A".repeat(101)}]`,
  "metadata:\n  author: ada\n  env: API_KEY",
  "metadata: [1]",
])("%s asks for nothing", (frontmatter) => {
  expect(secrets(frontmatter)).toBeUndefined();
});

test("no more than 30 are kept", () => {
  const many = Array.from({ length: 40 }, (_, n) => `KEY_${n}`);
  expect(secrets(`env: [${many.join(", ")}]`)).toEqual(many.slice(0, 30));
});

test("how they are declared is no finding", () => {
  const text = "---\nname: pdf\ndescription: x\nenv: [API_KEY]\n---\n";
  const read = readManifest(text, "pdf");
  expect(read.ok && read.manifest.findings).toEqual([]);
});
