import type { Files } from "../files/files";
import { problem } from "./api";

const STORAGE = "/api/storage/";

/** GET /api/storage/ID and POST /api/storage/upload?token=. Null for another path. */
export async function storageApi(
  request: Request,
  url: URL,
  files: Files,
): Promise<Response | null> {
  if (!url.pathname.startsWith(STORAGE)) return null;
  const id = url.pathname.slice(STORAGE.length);
  if (id === "upload") return upload(request, url, files);
  if (request.method !== "GET" && request.method !== "HEAD") {
    return problem(405, "MethodNotAllowed", `${url.pathname} takes GET.`);
  }
  const blob = await files.read(null, id);
  if (blob === null) {
    return problem(404, "FileNotFound", `There is no stored file "${id}".`);
  }
  return new Response(blob, {
    headers: {
      "cache-control": "private, max-age=2592000",
      "content-type": blob.type === "" ? "application/octet-stream" : blob.type,
      // Files are whatever users upload: no browser may take one for a page.
      "x-content-type-options": "nosniff",
      "content-security-policy": "sandbox",
    },
  });
}

async function upload(
  request: Request,
  url: URL,
  files: Files,
): Promise<Response> {
  if (request.method !== "POST") {
    return problem(405, "MethodNotAllowed", "Upload with POST.");
  }
  if (!files.mayUpload(url.searchParams.get("token") ?? "")) {
    return problem(
      401,
      "Unauthorized",
      "The upload URL is not valid any more.",
    );
  }
  const type = request.headers.get("content-type") ?? "";
  const storageId = await files.store(
    null,
    new Blob([await request.arrayBuffer()], { type }),
  );
  return Response.json({ storageId });
}
