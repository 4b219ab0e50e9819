/** Where an allowed name leads. */
export interface Upstream {
  /** Address to connect to. */
  host: string;
  port: number;
  tls: boolean;
}

/**
 * The names a sandbox may reach through the proxy. Everything else is refused:
 * addresses, loopback, the local network and names nobody listed.
 */
export class EgressPolicy {
  private readonly upstreams = new Map<string, Upstream>();

  /** @param mapped name -> origin, e.g. "slipway.internal" -> "http://127.0.0.1:3210" */
  constructor(mapped: Record<string, string>) {
    for (const [name, origin] of Object.entries(mapped)) {
      this.upstreams.set(name.toLowerCase(), parseOrigin(name, origin));
    }
  }

  none(): EgressPolicy {
    return new EgressPolicy({});
  }

  names(): string[] {
    return [...this.upstreams.keys()];
  }

  upstream(name: string): Upstream | null {
    return this.upstreams.get(name.toLowerCase()) ?? null;
  }
}

function parseOrigin(name: string, origin: string): Upstream {
  const url = URL.parse(origin);
  if (!url || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new Error(`--egress ${name}=${origin}: expected an http(s) origin`);
  }
  const tls = url.protocol === "https:";
  const port = Number(url.port) || (tls ? 443 : 80);
  return { host: url.hostname, port, tls };
}
