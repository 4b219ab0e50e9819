import { Refusal, type Backend } from "./backend";
import { problemPage } from "./pages";
import { download } from "./toolbox";
import { Pulse, type Watch } from "./watch";

/** One file out of a sandbox, as a stream to the disk and never as a page. */
export async function sendFile(
  parts: { backend: Backend; watch: Watch },
  ticket: string,
  request: Request,
): Promise<Response> {
  const { claim, purpose, target } = await parts.backend.redeem(ticket, "file");
  if (purpose.kind !== "file") throw new Error("This is no file's ticket.");
  const given = new AbortController();
  const signal = AbortSignal.any([request.signal, given.signal]);
  const answer = await download(
    target,
    `/home/daytona/${purpose.path}`,
    signal,
  );
  if (!answer.ok || !answer.body) {
    await answer.body?.cancel();
    throw answer.status === 404 || answer.status === 400
      ? new Refusal(
          404,
          "not_found",
          `There is no file ${purpose.path} in the sandbox.`,
          "Check its name in the terminal.",
        )
      : new Refusal(
          502,
          "sandbox_unreachable",
          "The sandbox did not give the file.",
          "Try again.",
        );
  }
  const life = new Pulse();
  const unwatch = parts.watch.add({
    claim,
    life,
    end: (how) => given.abort(how),
  });
  const counted = answer.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        life.active = true;
        controller.enqueue(chunk);
      },
      flush: unwatch,
    }),
  );
  signal.addEventListener("abort", unwatch, { once: true });
  const length = answer.headers.get("content-length");
  return new Response(counted, {
    headers: {
      "content-type": "application/octet-stream",
      "content-disposition": disposition(purpose.path),
      "x-content-type-options": "nosniff",
      "content-security-policy": "sandbox; default-src 'none'",
      "cache-control": "no-store",
      ...(length && { "content-length": length }),
    },
  });
}

function disposition(path: string): string {
  const name = path.split("/").at(-1) ?? "file";
  const plain = name.replace(/[^\w.-]/g, "_");
  const exact = encodeURIComponent(name).replace(
    /['()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`;
}

export function refusalPage(refusal: Refusal): Response {
  return problemPage(refusal.status, refusal.message, refusal.next);
}
