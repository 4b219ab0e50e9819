import type { IncomingMessage, ServerResponse } from "node:http";
import { ToolboxError, readJson, sendJson } from "./http";
import { listPty, openPty, requirePty } from "./pty";

/** /process/pty[/{id}[/resize]]; the terminal itself is a WebSocket. */
export async function ptyRoutes(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [id, detail] = path.split("/").slice(3).map(decodeURIComponent);
  const call = `${request.method} ${id === undefined ? "all" : (detail ?? "one")}`;
  switch (call) {
    case "GET all":
      return sendJson(response, 200, listPty());
    case "POST all": {
      const body = await readJson(request);
      const sessionId = String(body.id ?? "");
      await openPty({
        id: sessionId,
        cols: Number(body.cols ?? 80),
        rows: Number(body.rows ?? 24),
        cwd: typeof body.cwd === "string" ? body.cwd : undefined,
        envs: (body.envs ?? {}) as Record<string, string>,
        lazyStart: body.lazyStart === true,
      });
      return sendJson(response, 201, { sessionId });
    }
    case "GET one":
      return sendJson(response, 200, requirePty(id ?? "").info());
    case "DELETE one":
      requirePty(id ?? "").kill();
      return sendJson(response, 200, { message: "PTY session deleted" });
    case "POST resize": {
      const { cols, rows } = await readJson(request);
      const session = requirePty(id ?? "");
      return sendJson(
        response,
        200,
        session.resize(Number(cols), Number(rows)),
      );
    }
    default:
      throw new ToolboxError(
        404,
        `The toolbox here has no ${request.method} ${path}`,
      );
  }
}
