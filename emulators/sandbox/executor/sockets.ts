import { renameSync } from "node:fs";

/**
 * A listening Unix socket whose descriptor the sandbox inherits. The host
 * connects by path; inside there is no path to it, so nothing in there can put
 * another socket in its place.
 */
export function controlSocket(path: string): { fd: number; release(): void } {
  const temporary = `${path}.new`;
  const listener = Bun.listen({
    unix: temporary,
    socket: {
      data() {},
      // Only between here and release(), before anyone knows the path.
      open: (socket) => void socket.end(),
    },
  });
  // Bun removes the path it listened on when it stops: by then it is elsewhere.
  renameSync(temporary, path);
  return {
    fd: (listener as unknown as { fd: number }).fd,
    release: () => listener.stop(true),
  };
}
