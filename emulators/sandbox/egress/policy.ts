import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { messageOf } from "../errors";
import { isPublicAddress } from "./addresses";

/** Where an allowed request leads. */
export interface Upstream {
  /** Address to connect to. */
  host: string;
  port: number;
  /** The name to speak TLS to, by the proxy; null for plain bytes. */
  tls: string | null;
}

/** What a sandbox asks for: a name, and a port or the scheme's own. */
export interface Wanted {
  kind: "http" | "tunnel";
  name: string;
  port: number;
}

export type Decision =
  { allowed: true; upstream: Upstream } | { allowed: false; why: string };

interface Origin {
  host: string;
  port: number;
  secure: boolean;
}

/**
 * The names a sandbox may reach through the proxy. Everything else is refused:
 * addresses, loopback, the local network and names nobody listed.
 */
export class EgressPolicy {
  private readonly mapped = new Map<string, Origin>();
  private readonly hosts: ReadonlySet<string>;

  /**
   * @param mapped name -> origin, e.g. "slipway.internal" -> "http://127.0.0.1:3210"
   * @param hosts public hosts by exact name, reached on ports 80 and 443 only
   */
  constructor(mapped: Record<string, string>, hosts: string[] = []) {
    for (const [name, origin] of Object.entries(mapped)) {
      this.mapped.set(name.toLowerCase(), parseOrigin(name, origin));
    }
    this.hosts = new Set(hosts.map((host) => host.toLowerCase()));
  }

  static none(): EgressPolicy {
    return new EgressPolicy({});
  }

  names(): string[] {
    return [...this.mapped.keys(), ...this.hosts];
  }

  async decide({ kind, name, port }: Wanted): Promise<Decision> {
    const wanted = name.toLowerCase();
    const standard = port === (kind === "http" ? 80 : 443);
    const origin = this.mapped.get(wanted);
    if (origin && standard) return throughMapping(kind, wanted, origin);
    if (standard && this.hosts.has(wanted)) return throughDns(wanted, port);
    const names = this.names().join(", ") || "none";
    const why = `Sandboxes may not reach ${name}:${port}. Names allowed here: ${names}.`;
    return { allowed: false, why };
  }
}

function throughMapping(
  kind: Wanted["kind"],
  name: string,
  { host, port, secure }: Origin,
): Decision {
  if (kind === "http") {
    const upstream = { host, port, tls: secure ? host : null };
    return { allowed: true, upstream };
  }
  // A blind tunnel to a plain upstream would let the sandbox choose the Host
  // header, and pose as a local client of ours.
  if (secure) return { allowed: true, upstream: { host, port, tls: null } };
  const why = `Sandboxes may not reach ${name} over TLS: ask for http://${name}.`;
  return { allowed: false, why };
}

/** Connects to the very address that was judged: a name can change its mind. */
async function throughDns(name: string, port: number): Promise<Decision> {
  let found: { address: string }[];
  try {
    found = await lookup(name, { all: true });
  } catch (error) {
    return {
      allowed: false,
      why: `${name} cannot be looked up: ${messageOf(error)}`,
    };
  }
  const hidden = found.find(({ address }) => !isPublicAddress(address));
  const [first] = found;
  if (hidden || !first) {
    const why = `Sandboxes may not reach ${name}: it leads to ${hidden?.address ?? "nothing"}.`;
    return { allowed: false, why };
  }
  return { allowed: true, upstream: { host: first.address, port, tls: null } };
}

function parseOrigin(name: string, origin: string): Origin {
  const url = URL.parse(origin);
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new Error(`egress ${name}=${origin}: expected an http(s) origin`);
  }
  if (isIP(name) !== 0) throw new Error(`egress ${name}: expected a name`);
  const secure = url.protocol === "https:";
  return {
    host: url.hostname,
    port: Number(url.port) || (secure ? 443 : 80),
    secure,
  };
}
