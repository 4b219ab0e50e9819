/**
 * Preloaded into every process the supervisor starts (`bun --preload`, `node
 * --import`). Its standard input is a pipe only the supervisor holds open: when
 * the supervisor is gone, however it went, the pipe ends and so does this
 * process. First as asked nicely, then for certain.
 */
const GRACE_MS = 2_000;

let ending = false;
function end() {
  if (ending) return;
  ending = true;
  setTimeout(() => process.kill(process.pid, "SIGKILL"), GRACE_MS).unref();
  process.kill(process.pid, "SIGTERM");
}

process.stdin.on("end", end);
process.stdin.on("error", end);
process.stdin.resume();
