import { randomUUID } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import { mkdir, open } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { resolvePath } from "./environment";
import { ToolboxError, errorBody, fromErrno } from "./http";
import { partHeader, readMultipart } from "./multipart";
import type { PartSink } from "./multipart";

const PATH_PART = /^files\[(\d+)\]\.path$/;
const FILE_PART = /^files\[(\d+)\]\.file$/;
const MAX_PATH = 4096;
/**
 * O_NONBLOCK: to open a pipe somebody planted would otherwise wait for its other
 * end, in one of the few threads that all file operations share.
 */
const { O_RDONLY, O_WRONLY, O_CREAT, O_TRUNC, O_NONBLOCK } = constants;
const READ = O_RDONLY | O_NONBLOCK;
const WRITE = O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK;

/** files[i].path must come before files[i].file, as the SDK sends them. */
export async function bulkUpload(request: IncomingMessage): Promise<void> {
  const paths = new Map<string, string>();
  await readMultipart(
    request,
    request.headers["content-type"] ?? "",
    async (name) => {
      const pathIndex = PATH_PART.exec(name)?.[1];
      if (pathIndex !== undefined) {
        return textSink((text) => paths.set(pathIndex, text));
      }
      const fileIndex = FILE_PART.exec(name)?.[1];
      if (fileIndex === undefined) {
        throw new ToolboxError(400, `unexpected part ${name}`);
      }
      const path = paths.get(fileIndex);
      if (!path) {
        throw new ToolboxError(400, `files[${fileIndex}].path is missing`);
      }
      return fileSink(path);
    },
  );
}

function textSink(done: (text: string) => void): PartSink {
  let text = "";
  return {
    write(chunk) {
      text += chunk.toString();
      if (text.length > MAX_PATH) throw new ToolboxError(400, "path too long");
    },
    async end() {
      done(text);
    },
  };
}

export async function fileSink(path: string): Promise<PartSink> {
  const target = resolvePath(path);
  try {
    await mkdir(dirname(target), { recursive: true });
    const file = await open(target, WRITE);
    return {
      write: async (chunk) => {
        try {
          await file.writeFile(chunk);
        } catch (error) {
          throw fromErrno(error, path);
        }
      },
      end: () => file.close(),
    };
  } catch (error) {
    throw fromErrno(error, path);
  }
}

/** One part per path: the file, or why it cannot be had. */
export async function bulkDownload(
  paths: string[],
  response: ServerResponse,
): Promise<void> {
  const boundary = `sandbox-${randomUUID()}`;
  response.writeHead(200, {
    "content-type": `multipart/form-data; boundary=${boundary}`,
  });
  for (const path of paths) {
    const file = await openRegular(path);
    if (file instanceof ToolboxError) {
      const body = JSON.stringify(errorBody(file, path));
      response.write(
        partHeader(
          boundary,
          "error",
          path,
          "application/json",
          Buffer.byteLength(body),
        ) + body,
      );
    } else {
      response.write(
        partHeader(
          boundary,
          "file",
          path,
          "application/octet-stream",
          file.size,
        ),
      );
      if (file.size > 0) {
        // `end` keeps the part as long as promised if the file grows meanwhile.
        const stream = createReadStream("", {
          fd: file.handle,
          start: 0,
          end: file.size - 1,
        });
        await pipeline(stream, response, { end: false });
      } else await file.handle.close();
    }
    response.write("\r\n");
  }
  response.end(`--${boundary}--\r\n`);
}

export async function openRegular(path: string) {
  try {
    const handle = await open(resolvePath(path), READ);
    const stat = await handle.stat();
    if (stat.isFile()) return { handle, size: stat.size };
    await handle.close();
    return new ToolboxError(400, `not a regular file: ${path}`);
  } catch (error) {
    return fromErrno(error, path);
  }
}
