const PROXIES = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"];
const HERE = "127.0.0.1,localhost,::1";

/**
 * What is on this machine is asked directly, also where a proxy is set for the
 * rest: it would be told the secrets of the parts, and could reach none of them.
 * Changes `env`, which children are given.
 */
export function askHereDirectly(env: Record<string, string | undefined>): void {
  if (!PROXIES.some((name) => env[name])) return;
  const given = env.NO_PROXY || env.no_proxy;
  env.NO_PROXY = env.no_proxy = given ? `${given},${HERE}` : HERE;
}
