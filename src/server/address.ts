import { BlockList, isIP } from "node:net";

/** Set by scripts/web.mjs: its mark, which no request can know, and the socket's address. */
const ADDRESS = "x-slipway-address";

/** This machine, and networks nobody comes from over the internet: a proxy, or the operator's own. */
const OWN = new BlockList();
OWN.addSubnet("127.0.0.0", 8);
OWN.addSubnet("10.0.0.0", 8);
OWN.addSubnet("172.16.0.0", 12);
OWN.addSubnet("192.168.0.0", 16);
OWN.addSubnet("169.254.0.0", 16);
OWN.addAddress("::1", "ipv6");
OWN.addSubnet("fc00::", 7, "ipv6");
OWN.addSubnet("fe80::", 10, "ipv6");

/**
 * The address a request comes from, or null where it is unknown or the
 * operator's own, which nothing is counted for.
 *
 * X-Forwarded-For is believed only as far as the operator says: with `proxies`
 * in front, each of which adds who it was asked by, the one that many from the
 * end. What is before it is the caller's own invention.
 */
export function addressOf(request: Request, proxies: number): string | null {
  if (proxies > 0) {
    const told = request.headers.get("x-forwarded-for")?.split(",") ?? [];
    return bare(told.at(-proxies) ?? "");
  }
  const [mark, ip = ""] = request.headers.get(ADDRESS)?.split(" ") ?? [];
  const own = process.env["SLIPWAY_DIRECT_MARK"];
  if (!own || mark !== own) return null;
  const address = bare(ip);
  return address === null || isOwn(address) ? null : address;
}

/** Without brackets, a port, or the form IPv4 takes on an IPv6 socket. */
function bare(text: string): string | null {
  const trimmed = text.trim();
  const host =
    /^\[([^\]]+)\](?::\d+)?$/.exec(trimmed)?.[1] ??
    /^([\d.]+):\d+$/.exec(trimmed)?.[1] ??
    trimmed;
  const address = host.replace(/^::ffff:(?=\d+\.)/i, "");
  return isIP(address) === 0 ? null : address;
}

function isOwn(address: string): boolean {
  return OWN.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}
