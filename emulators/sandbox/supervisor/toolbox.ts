import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { HOME, environment } from "./environment";
import { entrypointLogs } from "./entrypoint";
import { execute } from "./execute";
import * as files from "./files";
import { find } from "./find";
import {
  ToolboxError,
  readJson,
  requireQuery,
  requireString,
  sendEmpty,
  sendJson,
} from "./http";
import { ptyRoutes } from "./pty-routes";
import { sessionRoutes } from "./session-routes";
import { bulkDownload, bulkUpload, openRegular } from "./transfer";

/** Daytona's toolbox wire, path by path (see its published document). */
export async function handleToolbox(
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = url.pathname;
  const query = url.searchParams;
  if (path.startsWith("/process/session")) {
    return sessionRoutes(path, request, response);
  }
  if (path.startsWith("/process/pty")) {
    return ptyRoutes(path, request, response);
  }
  switch (`${request.method} ${path}`) {
    case "POST /process/execute": {
      const body = await readJson(request);
      const result = await execute({
        command: requireString(body, "command"),
        cwd: optionalString(body.cwd, "cwd"),
        envs: optionalEnv(body.envs),
        timeout: optionalNumber(body.timeout, "timeout"),
      });
      return sendJson(response, 200, result);
    }
    case "POST /files/bulk-upload":
      await bulkUpload(request);
      return sendEmpty(response, 200);
    case "POST /files/bulk-download": {
      const { paths } = await readJson(request);
      if (!isStringArray(paths) || paths.length === 0) {
        throw new ToolboxError(400, "paths is required");
      }
      return bulkDownload(paths, response);
    }
    case "GET /files/download": {
      const file = await openRegular(requireQuery(url, "path"));
      if (file instanceof ToolboxError) throw file;
      response.writeHead(200, { "content-type": "application/octet-stream" });
      return pipeline(file.handle.createReadStream(), response);
    }
    case "GET /files": {
      const depth = Number(query.get("depth") ?? 1);
      if (!Number.isInteger(depth) || depth < 1) {
        throw new ToolboxError(400, "depth must be an integer of at least 1");
      }
      const found = await files.list(query.get("path") ?? ".", depth);
      return sendJson(response, 200, found);
    }
    case "GET /files/info":
      return sendJson(
        response,
        200,
        await files.info(requireQuery(url, "path")),
      );
    case "DELETE /files":
      await files.remove(
        requireQuery(url, "path"),
        query.get("recursive") === "true",
      );
      return sendEmpty(response, 204);
    case "POST /files/folder":
      await files.makeFolder(
        requireQuery(url, "path"),
        query.get("mode") || "0755",
      );
      return sendEmpty(response, 201);
    case "POST /files/permissions":
      await files.setPermissions(
        requireQuery(url, "path"),
        query.get("mode"),
        query.get("owner"),
        query.get("group"),
      );
      return sendEmpty(response, 200);
    case "POST /files/move":
      await files.move(
        requireQuery(url, "source"),
        requireQuery(url, "destination"),
      );
      return sendEmpty(response, 200);
    case "GET /files/search":
      return sendJson(
        response,
        200,
        await files.search(
          requireQuery(url, "path"),
          requireQuery(url, "pattern"),
        ),
      );
    case "GET /files/find":
      return sendJson(
        response,
        200,
        await find(requireQuery(url, "path"), requireQuery(url, "pattern")),
      );
    case "GET /work-dir":
    case "GET /user-home-dir":
      return sendJson(response, 200, { dir: HOME });
    case "GET /env":
      return sendJson(response, 200, environment);
    case "GET /entrypoint/logs":
      return sendJson(response, 200, entrypointLogs());
    default:
      throw new ToolboxError(
        404,
        `The toolbox here has no ${request.method} ${path}`,
      );
  }
}

function optionalString(value: unknown, name: string): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") {
    throw new ToolboxError(400, `${name} must be a string`);
  }
  return value;
}

function optionalNumber(value: unknown, name: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !(value >= 0)) {
    throw new ToolboxError(400, `${name} must be a number, 0 or more`);
  }
  return value;
}

function optionalEnv(value: unknown): Record<string, string> | undefined {
  if (value === undefined || value === null) return undefined;
  if (
    typeof value !== "object" ||
    !isStringArray(Object.values(value as object))
  ) {
    throw new ToolboxError(400, "envs must be an object of strings");
  }
  return value as Record<string, string>;
}

function isStringArray(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((v) => typeof v === "string");
}
