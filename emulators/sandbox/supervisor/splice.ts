import type { Duplex } from "node:stream";

/**
 * Joins two sockets. An orderly end of one side is passed on and the other way
 * stays open; a side that is gone takes the other with it, once what was on its
 * way there is out.
 */
export function splice(a: Duplex, b: Duplex): void {
  oneWay(a, b);
  oneWay(b, a);
}

function oneWay(from: Duplex, to: Duplex): void {
  from.on("error", () => to.destroy());
  from.on("close", () => {
    if (!from.readableEnded || to.writableFinished) to.destroy();
    else to.once("finish", () => to.destroy());
  });
  from.pipe(to);
}
