import type { Refusal } from "./backend";

/**
 * Why a preview or a download cannot be given: as a page to who asks for pages,
 * as a problem document (RFC 9457) to programs, which would keep a page for the file.
 */
export function refusalTo(request: Request, refusal: Refusal): Response {
  const wantsPage = request.headers.get("accept")?.includes("text/html");
  return new Response(
    wantsPage ? pageOf(refusal) : JSON.stringify(problemOf(refusal)),
    {
      status: refusal.status,
      headers: {
        "content-type": wantsPage
          ? "text/html; charset=utf-8"
          : "application/problem+json",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "content-security-policy":
          "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
      },
    },
  );
}

function problemOf({ status, code, message, next }: Refusal) {
  const words = code.replaceAll("_", " ");
  const title = words.charAt(0).toUpperCase() + words.slice(1);
  const type = `urn:slipway:problem:${code}`;
  return { type, title, status, detail: message, code, next };
}

function pageOf({ message, next }: Refusal): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(message)}</title>
<style>
  :root { color-scheme: light dark }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 32rem; margin: 18vh auto 0; padding: 0 1.25rem }
  h1 { font-size: 1.25rem }
</style>
<h1>${escapeHtml(message)}</h1>
<p>${escapeHtml(next)}</p>
`;
}

function escapeHtml(text: string): string {
  const names: Record<string, string> = { "&": "amp", "<": "lt", ">": "gt" };
  return text.replace(/[&<>]/g, (character) => `&${names[character]};`);
}
