import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FILES: Record<string, string> = {
  passwd:
    "root:x:0:0:root:/root:/bin/sh\ndaytona:x:1000:1000:daytona:/home/daytona:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/false\n",
  group: "root:x:0:\ndaytona:x:1000:\nnogroup:x:65534:\n",
  hosts: "127.0.0.1 localhost sandbox\n::1 localhost\n",
  // No resolver: names outside are the egress proxy's to look up.
  "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
};

/** The few files of /etc that must not be the host's. */
export function writeEtc(dir: string): void {
  mkdirSync(dir, { mode: 0o755 });
  for (const [name, content] of Object.entries(FILES)) {
    writeFileSync(join(dir, name), content, { mode: 0o644 });
  }
}
