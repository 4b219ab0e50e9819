/** Who is asked, and by which page: exact comparisons, made before anything else. */

export type Hosts = {
  /** The relay's own address, as browsers know it. */
  own: URL;
  /** Origins of Slipway's pages. */
  apps: readonly string[];
};

export type Asked =
  | { kind: "relay" }
  | { kind: "preview"; label: string; origin: string }
  /** Some other name that leads here: a page that rebinds its name, or a mistake. */
  | { kind: "stranger" };

/** A preview's label is a name of its own in front of the relay's. */
const LABEL = /^p-[0-9a-f]{32}$/;

export function whoIsAsked(host: string | null, { own }: Hosts): Asked {
  const given = host?.toLowerCase();
  if (given === undefined) return { kind: "stranger" };
  if (given === own.host) return { kind: "relay" };
  const dot = given.indexOf(".");
  const label = given.slice(0, dot);
  if (dot < 0 || given.slice(dot + 1) !== own.host || !LABEL.test(label)) {
    return { kind: "stranger" };
  }
  return { kind: "preview", label, origin: `${own.protocol}//${given}` };
}

/** Whether a page of Slipway's asks. Browsers always say who it is across origins. */
export function isApp(origin: string | null, { apps }: Hosts): boolean {
  return origin !== null && apps.includes(origin);
}

/**
 * Whether a preview's request may come from where it does: from its own pages,
 * or from anywhere as a plain visit, as following a link is. Whatever another
 * site's page does in the background, and a person's cookie with it, is refused.
 */
export function mayPass(request: Request, origin: string): boolean {
  const { headers } = request;
  const from = headers.get("origin");
  if (from !== null && from !== origin) return false;
  switch (headers.get("sec-fetch-site")) {
    case null: // no browser, or one without such headers: Origin has spoken
    case "same-origin":
    case "none":
      return true;
    default:
      return (
        request.method === "GET" &&
        headers.get("sec-fetch-mode") === "navigate" &&
        headers.get("sec-fetch-dest") === "document"
      );
  }
}

/** As `mayPass`, for WebSockets: they always name their page, and have no visits. */
export function mayUpgrade(request: Request, origin: string): boolean {
  return request.headers.get("origin") === origin;
}
