/** One request head, as a proxy gets it: absolute-form or CONNECT. */
export interface RequestHead {
  method: string;
  target: string;
  version: string;
  /** As sent, in order. */
  headers: [string, string][];
}

export const MAX_HEAD = 32 * 1024;
const END = Buffer.from("\r\n\r\n");

/** The head and where the body starts; null while it is incomplete. */
export function parseHead(
  bytes: Buffer,
): { head: RequestHead; bodyAt: number } | "malformed" | null {
  const end = bytes.indexOf(END);
  if (end < 0) return bytes.length > MAX_HEAD ? "malformed" : null;
  const [line = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const request = /^([A-Z]+) (\S+) HTTP\/(1\.[01])$/.exec(line);
  if (!request) return "malformed";
  const headers: [string, string][] = [];
  for (const text of lines) {
    const header = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([^\r\n\0]*)$/.exec(text);
    if (!header) return "malformed";
    headers.push([header[1] ?? "", header[2] ?? ""]);
  }
  return {
    head: {
      method: request[1] ?? "",
      target: request[2] ?? "",
      version: request[3] ?? "",
      headers,
    },
    bodyAt: end + END.length,
  };
}

// What is between the sandbox and the proxy only, and what could pass for
// something the host said.
const DROPPED =
  /^(connection|keep-alive|proxy-.*|te|upgrade|host|via|forwarded|x-forwarded-.*|x-real-ip|x-slipway-sandbox)$/i;

/** The head as the upstream gets it: origin form, one request only. */
export function originHead(
  head: RequestHead,
  url: URL,
  sandbox: string,
): string {
  const kept = head.headers.filter(([name]) => !DROPPED.test(name));
  const headers: [string, string][] = [
    ["Host", url.host],
    ...kept,
    ["Via", "1.1 sandbox-egress"],
    ["X-Slipway-Sandbox", sandbox],
    ["Connection", "close"],
  ];
  return [
    `${head.method} ${url.pathname}${url.search} HTTP/1.1`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    "",
    "",
  ].join("\r\n");
}
