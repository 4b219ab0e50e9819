import { expect, test } from "bun:test";
import { installWorld } from "./stand-ins";

/** As the code is, every scene keeps every promise. */

installWorld();
const { SCENES } = await import("./scenes");
const { playScene } = await import("./scenes/play");

for (const [name, scene] of Object.entries(SCENES)) {
  test(
    name,
    async () => {
      expect((await playScene(scene))?.message ?? "").toBe("");
    },
    60_000,
  );
}
