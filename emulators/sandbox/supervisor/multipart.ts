import type { Readable } from "node:stream";
import { ToolboxError } from "./http";

/** Where one part's bytes go. `write` may wait: that slows the sender down. */
export interface PartSink {
  write(chunk: Buffer): Promise<void> | void;
  end(): Promise<void>;
}

type State = "preamble" | "boundary" | "headers" | "body" | "done";

const MAX_HEADERS = 16 * 1024;
const HEADERS_END = Buffer.from("\r\n\r\n");

/**
 * Reads multipart/form-data as it arrives, holding at most one chunk and one
 * boundary in memory. `open` is called at each part with its name.
 */
export async function readMultipart(
  body: Readable,
  contentType: string,
  open: (name: string) => Promise<PartSink>,
): Promise<void> {
  const delimiter = Buffer.from(`\r\n--${boundaryOf(contentType)}`);
  // The first boundary has no line break before it; lend it one.
  let buffer: Buffer = Buffer.from("\r\n");
  let sink = null as PartSink | null;
  let state = "preamble" as State;

  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      buffer = Buffer.concat([buffer, chunk]);
      for (;;) {
        if (state === "done") {
          buffer = Buffer.alloc(0);
          break;
        }
        if (state === "preamble" || state === "body") {
          const at = buffer.indexOf(delimiter);
          // Without a boundary in sight, all but its possible beginning is body.
          const until = at >= 0 ? at : buffer.length - delimiter.length;
          if (until > 0) {
            await sink?.write(buffer.subarray(0, until));
            buffer = buffer.subarray(until);
          }
          if (at < 0) break;
          await sink?.end();
          sink = null;
          buffer = buffer.subarray(delimiter.length);
          state = "boundary";
        } else if (state === "boundary") {
          if (buffer.length < 2) break;
          const mark = buffer.toString("latin1", 0, 2);
          if (mark === "--") state = "done";
          else if (mark === "\r\n") state = "headers";
          else throw malformed();
        } else {
          const end = buffer.indexOf(HEADERS_END);
          if (end < 0) {
            if (buffer.length > MAX_HEADERS) throw malformed();
            break;
          }
          sink = await open(nameOf(buffer.toString("utf8", 0, end)));
          buffer = buffer.subarray(end + 4);
          state = "body";
        }
      }
    }
  } finally {
    // Whatever was being written when it broke off must not stay open.
    await sink?.end();
  }
  if (state !== "done") {
    throw new ToolboxError(400, "the upload ended before its last boundary");
  }
}

function boundaryOf(contentType: string): string {
  const match = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (!boundary) throw new ToolboxError(400, "multipart boundary is missing");
  return boundary;
}

function nameOf(headers: string): string {
  const match = /^content-disposition:.*?[;\s]name="([^"]*)"/im.exec(headers);
  if (match?.[1] === undefined) throw malformed();
  return match[1];
}

function malformed(): ToolboxError {
  return new ToolboxError(400, "malformed multipart body");
}

/** The header of one part of an answer, with the path exactly as asked for. */
export function partHeader(
  boundary: string,
  name: "file" | "error",
  filename: string,
  contentType: string,
  length: number,
): string {
  const quoted = filename.replace(/[\\"]/g, "\\$&");
  // Readers take a plain filename for Latin-1; only filename* says UTF-8.
  const extended = /^[\x20-\x7e]*$/.test(filename)
    ? ""
    : `; filename*=UTF-8''${encodeURIComponent(filename).replace(/['()*]/g, percent)}`;
  return [
    `--${boundary}`,
    `Content-Disposition: form-data; name="${name}"; filename="${quoted}"${extended}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${length}`,
    "",
    "",
  ].join("\r\n");
}

const percent = (c: string) => `%${c.charCodeAt(0).toString(16)}`;
