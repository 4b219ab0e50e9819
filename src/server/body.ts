import type { z } from "zod";
import { ApiError } from "./problem";

/**
 * Reads a JSON body of at most `maxBytes` and checks it. Unknown fields are
 * let through, so that a newer client can talk to an older server.
 *
 * @throws ApiError `bad_request` naming the fields that are wrong, or
 * `message_too_long`.
 */
export async function readBody<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
  maxBytes: number,
): Promise<z.output<Schema>> {
  const text = await readText(request, maxBytes);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new ApiError(
      "bad_request",
      text ? "The body is not JSON." : "The request has no body; send JSON.",
    );
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new ApiError("bad_request", faultsOf(parsed.error, "body"));
}

/** What is wrong with an input, field by field; `whole` names all of it. */
export function faultsOf(error: z.ZodError, whole: string): string {
  return error.issues
    .map(({ path, message }) => `${path.join(".") || whole}: ${message}`)
    .join("; ");
}

/** Stops reading as soon as it is too much, whatever content-length claimed. */
async function readText(request: Request, maxBytes: number): Promise<string> {
  if (!request.body) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = request.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > maxBytes) {
      await reader.cancel();
      throw new ApiError(
        "message_too_long",
        `The body has more than ${maxBytes.toLocaleString("en")} bytes.`,
      );
    }
    chunks.push(value);
  }
  return Buffer.concat(chunks).toString("utf8");
}
