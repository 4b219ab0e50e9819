import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";

/** What the walls look like from inside; the server judges it at its boot. */
export function probe() {
  const status = readFileSync("/proc/self/status", "utf8");
  const field = (name: string) =>
    new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? null;
  return {
    uid: process.getuid?.() ?? null,
    capabilities: field("CapEff"),
    noNewPrivileges: field("NoNewPrivs"),
    seccomp: field("Seccomp"),
    interfaces: Object.keys(networkInterfaces()),
    node: process.version,
  };
}
