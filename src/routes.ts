import type { Route } from "next";

/** Addresses of pages, in one place. */

export function signInPath(next: string): Route {
  return next === "/" || next.startsWith("/sign-in")
    ? "/sign-in"
    : (`/sign-in?next=${encodeURIComponent(next)}` as Route);
}

export function sessionPath(sessionId: string): Route {
  return `/sessions/${encodeURIComponent(sessionId)}` as Route;
}

/** A skill's own page; `link` comes from its record. */
export function skillPath(link: string): Route {
  return localPath(link) as Route;
}

/**
 * Where to go after signing in. Only a path of this site: never another host, nor a
 * form of address a browser would read as one.
 */
export function localPath(next: string | null | undefined): string {
  if (!next || !next.startsWith("/") || next.includes("\\")) return "/";
  if (!URL.canParse(next, "https://x.invalid")) return "/";
  const url = new URL(next, "https://x.invalid");
  if (url.origin !== "https://x.invalid") return "/";
  // Resolving removes "." and "..", and what is left may begin with "//": a host.
  const path = url.pathname.replace(/^\/+/, "/");
  return `${path}${url.search}${url.hash}`;
}
