import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { COMPILE, MOUNT, PROBE, REQUIREMENT } from "./agent";
import { bundleSandboxd, SOURCES, sourcesHash } from "./bundle";

/** What one sandbox of it gets; memory and disk in GiB. */
export type Resources = { cpu: number; memory: number; disk: number };

export type ImageDefinition = {
  /** "slipway-" and a hash of everything below. */
  name: string;
  base: string;
  /** Dockerfile instructions after FROM, in order; none needs a build context. */
  steps: string[];
  /** What is inside the instructions, by its path in the image. */
  files: { path: string; bytes: number }[];
  entrypoint: string[];
  env: Record<string, string>;
  resources: Resources;
};

/** Raised when the way of building changes. */
const FORMAT = 1;
/** Debian 12, whose Python is 3.11, with a Node. */
const BASE = "node:22-bookworm-slim";
const HOME = "/home/daytona";
/** What a skill's scripts may count on, beside Node and Python. */
const PACKAGES = [
  ...["ca-certificates", "curl", "git", "jq", "less", "procps", "ripgrep"],
  ...["python3", "python3-pip", "python3-venv", "unzip", "xz-utils"],
];
const ENV = {
  HOME,
  LANG: "C.UTF-8",
  PATH: `${HOME}/.local/bin:/usr/local/bin:/usr/bin:/bin`,
};
const ENTRYPOINT = ["/usr/local/bin/node", `${MOUNT}/sandboxd.js`];
/** Characters of a line: a builder takes at most 64 KiB. */
const LINE = 4_000;
/** Characters of an instruction: the kernel takes at most 128 KiB for one word. */
const STEP = 100_000;

/**
 * The same snapshot as prepareSnapshot makes for this machine, as an image that
 * is built elsewhere: the same sandboxd, the same agent in the same versions at
 * the same place. Files travel inside the instructions, compressed: there are few
 * and they are small, and a build context would need an object store beside the
 * API. What changes seldom comes first, so that the agent's layer is kept.
 */
export async function imageDefinition(
  resources: Resources,
): Promise<ImageDefinition> {
  const hash = await sourcesHash();
  const built = await mkdtemp(join(tmpdir(), "slipway-image-"));
  try {
    await bundleSandboxd(built, hash);
    const constraints = await embed(SOURCES, "constraints.txt");
    const others = await Promise.all([
      embed(SOURCES, "hermes_run.py"),
      embed(built, "package.json"),
      embed(built, "sandboxd.js"),
    ]);
    const files = [constraints, ...others];
    const steps = [
      `RUN ${all(
        "apt-get update",
        `apt-get install -y --no-install-recommends ${PACKAGES.join(" ")}`,
        "rm -rf /var/lib/apt/lists/*",
      )}`,
      // The same user as in a local sandbox; the base image has 1000 taken.
      `RUN ${all(
        "userdel --remove node",
        "useradd --create-home --uid 1000 --shell /bin/bash daytona",
        `mkdir -p ${MOUNT}`,
      )}`,
      constraints.step,
      `RUN ${installAgent().replaceAll(" && ", " \\\n && ")}`,
      ...others.map(({ step }) => step),
      ...Object.entries(ENV).map(([name, value]) => `ENV ${name}=${value}`),
      "USER daytona",
      `WORKDIR ${HOME}`,
      `ENTRYPOINT ${JSON.stringify(ENTRYPOINT)}`,
    ];
    return {
      name: await nameOf([resources, steps], files, hash),
      base: BASE,
      steps,
      files: files.map(({ path, bytes }) => ({ path, bytes })),
      entrypoint: ENTRYPOINT,
      env: ENV,
      resources,
    };
  } finally {
    await rm(built, { recursive: true, force: true });
  }
}

/** Of the content, not of how one compressor happens to pack it. */
async function nameOf(
  given: [Resources, string[]],
  files: Embedded[],
  hash: string,
): Promise<string> {
  const [resources, steps] = given;
  const packed = new Set(files.map(({ step }) => step));
  const plain = steps.filter((step) => !packed.has(step));
  const content = JSON.stringify([FORMAT, BASE, resources, plain, hash]);
  const digest = createHash("sha256").update(content);
  for (const { path, sha256 } of files) digest.update(`\0${path}\0${sha256}`);
  return `slipway-${digest.digest("hex").slice(0, 12)}`;
}

export const dockerfileOf = ({ base, steps }: ImageDefinition) =>
  [`FROM ${base}`, ...steps, ""].join("\n");

function installAgent(): string {
  const venv = `${MOUNT}/venv`;
  const tools = "/tmp/tools";
  const constraints = `${MOUNT}/constraints.txt`;
  return all(
    `python3 -I -m venv --without-pip ${venv}`,
    `python3 -I -m venv ${tools}`,
    `${tools}/bin/pip install -q uv`,
    `UV_LINK_MODE=copy ${tools}/bin/uv pip install -q --no-cache --python ${venv}/bin/python -c ${constraints} '${REQUIREMENT}'`,
    `rm -rf ${tools} /root/.cache`,
    // Its exit code is about files that nobody imports.
    `(${venv}/bin/python ${COMPILE.join(" ")} ${venv}/lib || true)`,
    `${venv}/bin/python -I -c "${PROBE}"`,
  );
}

type Embedded = { path: string; bytes: number; sha256: string; step: string };

/** An instruction that writes a file; sh, base64 and gzip are in every base. */
async function embed(folder: string, name: string): Promise<Embedded> {
  const content = await readFile(join(folder, name));
  const path = `${MOUNT}/${name}`;
  const packed = gzipSync(content, { level: 9 }).toString("base64");
  if (packed.length > STEP) {
    throw new Error(
      `${name} is too large for an image's instruction (${packed.length} characters; at most ${STEP}).`,
    );
  }
  const lines = packed.match(new RegExp(`.{1,${LINE}}`, "g")) ?? [];
  const sha256 = createHash("sha256").update(content).digest("hex");
  const step = `RUN ${all(
    // A line that ends in a backslash goes on: the shell sees one word.
    `printf %s '${lines.join("\\\n")}' | base64 -d | gzip -d > ${path}`,
    `echo '${sha256}  ${path}' | sha256sum -c -`,
  )}`;
  return { path, bytes: content.length, sha256, step };
}

const all = (...commands: string[]) => commands.join(" && ");
