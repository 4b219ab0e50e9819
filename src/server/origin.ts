/**
 * The origin a caller used, so that addresses in answers work for that caller.
 * Next says the host and scheme of its own connection where no proxy does.
 */
export function originOf(headers: Pick<Headers, "get">): string {
  const first = (name: string) => headers.get(name)?.split(",")[0]?.trim();
  const host = first("x-forwarded-host") ?? headers.get("host");
  const protocol = first("x-forwarded-proto") === "https" ? "https" : "http";
  const origin = `${protocol}://${host ?? ""}`;
  return URL.canParse(origin)
    ? new URL(origin).origin
    : "http://localhost:3000";
}
