/**
 * First path segments the app needs for itself. An owner of such a name lives at
 * `/gh/OWNER/...`. One list: routes, links and canonical paths all read it.
 */
const RESERVED = new Set([
  "api",
  "about",
  "account",
  "admin",
  "assets",
  "auth",
  "badge",
  "build",
  "dashboard",
  "docs",
  "explore",
  "favicon.ico",
  "gh",
  "health",
  "help",
  "home",
  "icon",
  "launch",
  "launches",
  "legal",
  "local",
  "login",
  "logout",
  "manifest.webmanifest",
  "new",
  "operator",
  "preview",
  "privacy",
  "public",
  "relay",
  "robots.txt",
  "sandboxes",
  "search",
  "sessions",
  "settings",
  "share",
  "sign-in",
  "sign-out",
  "sign-up",
  "sitemap.xml",
  "skills",
  "static",
  "status",
  "terms",
  "well-known",
  ".well-known",
  "_next",
]);

/** Whether the app needs this first path segment. Case does not matter. */
export function isReserved(segment: string): boolean {
  return RESERVED.has(segment.toLowerCase());
}
