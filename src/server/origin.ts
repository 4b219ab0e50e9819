/** The origin a caller used, so that addresses in answers work for that caller. */
export function originOf(request: Request): string {
  const { headers } = request;
  const first = (name: string) => headers.get(name)?.split(",")[0]?.trim();
  const host = first("x-forwarded-host") ?? headers.get("host");
  const protocol = first("x-forwarded-proto") === "https" ? "https" : "http";
  const origin = `${protocol}://${host ?? ""}`;
  return URL.canParse(origin) ? new URL(origin).origin : request.url;
}
