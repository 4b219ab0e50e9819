import type { IncomingMessage, ServerResponse } from "node:http";
import { entrypointLogs } from "./entrypoint";
import {
  ToolboxError,
  readJson,
  requireString,
  sendEmpty,
  sendJson,
} from "./http";
import * as sessions from "./sessions";

/** /process/session/{s}[/exec | /command/{c}[/logs | /input]] */
export async function sessionRoutes(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [sessionId, verb, commandId, detail] = path
    .split("/")
    .slice(3)
    .map(decodeURIComponent);
  const method = request.method;

  if (sessionId === undefined) {
    if (method === "GET") {
      return sendJson(response, 200, sessions.listSessions());
    }
    if (method === "POST") {
      sessions.createSession(
        requireString(await readJson(request), "sessionId"),
      );
      return sendEmpty(response, 201);
    }
  } else if (sessionId === "entrypoint" && verb === "logs") {
    return sendJson(response, 200, entrypointLogs());
  } else if (verb === undefined) {
    const session = sessions.requireSession(sessionId);
    if (method === "GET") {
      return sendJson(response, 200, sessions.describeSession(session));
    }
    if (method === "DELETE") {
      sessions.deleteSession(session);
      return sendEmpty(response, 204);
    }
  } else if (verb === "exec" && method === "POST") {
    return run(sessionId, request, response);
  } else if (verb === "command" && commandId !== undefined) {
    const command = sessions.requireCommand(
      sessions.requireSession(sessionId),
      commandId,
    );
    if (detail === undefined) {
      return sendJson(response, 200, sessions.describeCommand(command));
    }
    if (detail === "logs") {
      return sendJson(response, 200, sessions.commandLogs(command));
    }
    if (detail === "input" && method === "POST") {
      const { data } = await readJson(request);
      await sessions.sendInput(command, String(data ?? ""));
      return sendEmpty(response, 204);
    }
  }
  throw new ToolboxError(404, `The toolbox here has no ${method} ${path}`);
}

async function run(
  sessionId: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readJson(request);
  const session = sessions.requireSession(sessionId);
  const command = await sessions.runInSession(
    session,
    requireString(body, "command"),
  );
  if (body.runAsync === true || body.async === true) {
    return sendJson(response, 202, { cmdId: command.id });
  }
  await command.done;
  sendJson(response, 200, {
    cmdId: command.id,
    exitCode: command.exitCode,
    ...sessions.commandLogs(command),
  });
}
