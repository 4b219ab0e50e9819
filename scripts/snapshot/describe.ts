import {
  dockerfileOf,
  type ImageDefinition,
} from "../../sandboxd/snapshot/image";

/** The definition for a reader: what is embedded is named, not shown. */
export function describe(image: ImageDefinition): string[] {
  const { cpu, memory, disk } = image.resources;
  const largest = Math.max(...image.files.map(({ path }) => path.length));
  return [
    `name        ${image.name}`,
    `resources   ${cpu} vCPU, ${memory} GiB memory, ${disk} GiB disk, for each sandbox`,
    `entrypoint  ${image.entrypoint.join(" ")}`,
    "files",
    ...image.files.map(
      ({ path, bytes }) => `  ${path.padEnd(largest)}  ${size(bytes)}`,
    ),
    "image",
    ...dockerfileOf(image)
      .replace(/printf %s '[^']*'/g, "printf %s '...'")
      .trimEnd()
      .split("\n")
      .map((line) => `  ${line}`),
  ];
}

export const HOW_TO_GET_A_KEY = [
  "DAYTONA_API_KEY is not set, so nothing was sent. To make the snapshot:",
  "  1. Make a key at https://app.daytona.io/dashboard/keys, with the permissions",
  "     write:snapshots, delete:snapshots and write:sandboxes, delete:sandboxes.",
  "  2. DAYTONA_API_KEY=... npx -y bun@1.4.5 run snapshot",
  "     (DAYTONA_API_URL for another address, DAYTONA_TARGET for a region)",
  "  3. Put the name it prints into SLIPWAY_SNAPSHOT.",
  "Or build it yourself: npx -y bun@1.4.5 run snapshot --dockerfile | docker build -",
];

const size = (bytes: number) =>
  `${bytes.toLocaleString("en")} bytes`.padStart(13);
