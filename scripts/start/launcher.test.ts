import { expect, test } from "bun:test";
import { isLauncher } from "./launcher";

test.each([
  "npm exec bun@1.4.5 start",
  "node /usr/bin/npx -y bun@1.4.5 start",
  "sh -c 'bun' start",
  "sh -c bun start --dev",
  "bun start",
  "/root/.npm/_npx/1/node_modules/bun/bin/bun.exe run start",
])("%s launches", (command) => expect(isLauncher(command)).toBe(true));

test.each([
  "bash",
  "-bash",
  "bash -c cd repo && npm test",
  "bun test",
  "node server.js",
  "/sbin/init",
])("%s does not", (command) => expect(isLauncher(command)).toBe(false));
