import type { Grant } from "./backend";
import type { Limits } from "./limits";
import { openFar, socketUrl, type Far } from "./sockets";

/** A sandbox's toolbox: its terminals and files. Opened with the sandbox's own token. */

/** Where the provider's clients put the token on WebSockets. */
const TOKEN_PARAMETER = "DAYTONA_SANDBOX_AUTH_KEY";

/** Terminals of ours, among those that programs made. */
const OURS = "slipway-";

/** A list of terminals is far shorter, in characters. */
const MAX_ANSWER = 1_024 * 1_024;

/** Terminals ended in one go; whoever comes next ends more. */
const MAX_ENDED = 16;

type Target = Grant["target"];
type Size = { cols: number; rows: number };

function ask(
  { url, token }: Target,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  return fetch(url + path, {
    ...init,
    headers: {
      "x-daytona-preview-token": token,
      ...(init.body != null && { "content-type": "application/json" }),
    },
    redirect: "manual",
  });
}

/** A file's bytes, as they are read. Whoever asks looks at the status. */
export function download(
  target: Target,
  path: string,
  signal: AbortSignal,
): Promise<Response> {
  const query = new URLSearchParams({ path });
  return ask(target, `/files/download?${query}`, { signal });
}

export class Terminals {
  constructor(
    private readonly target: Target,
    private readonly limits: Limits,
  ) {}

  /** Makes the terminal of this name, or joins it where it is there. Throws Error. */
  async open(
    name: string,
    size: Size,
  ): Promise<{ far: Far; resumed: boolean }> {
    const id = OURS + name;
    const made = new URLSearchParams({
      ...{ id, cols: String(size.cols), rows: String(size.rows) },
      [TOKEN_PARAMETER]: this.target.token,
    });
    const base = `${socketUrl(this.target.url)}/process/pty`;
    try {
      const url = `${base}/create-connect?${made}`;
      return { far: await openFar(url, this.limits), resumed: false };
    } catch {
      // The name may be taken, which a refused handshake does not tell.
      const token = new URLSearchParams({
        [TOKEN_PARAMETER]: this.target.token,
      });
      const url = `${base}/${id}/connect?${token}`;
      return { far: await openFar(url, this.limits), resumed: true };
    }
  }

  async resize(name: string, size: Size): Promise<void> {
    await this.call(`/process/pty/${OURS}${name}/resize`, {
      method: "POST",
      body: JSON.stringify(size),
    });
  }

  /** Ends the terminal and what runs in it. */
  private async end(name: string): Promise<void> {
    await this.call(`/process/pty/${OURS}${name}`, { method: "DELETE" });
  }

  /**
   * Tabs that were closed leave their terminals behind, so that a page that
   * comes back finds its own. Ends the oldest nobody looks at beyond `keep`.
   */
  async makeRoom(keep: number, inUse: ReadonlySet<string>): Promise<void> {
    const answer = await this.call("/process/pty", {});
    if (!answer) return;
    const { sessions = [] } = answer as {
      sessions?: { id?: unknown; createdAt?: unknown }[];
    };
    const left = sessions
      .map(({ id, createdAt }) => ({ id: String(id), at: String(createdAt) }))
      .filter(({ id }) => id.startsWith(OURS))
      .map(({ id, at }) => ({ name: id.slice(OURS.length), at }))
      .filter(({ name }) => !inUse.has(name))
      .sort((a, b) => a.at.localeCompare(b.at));
    const many = Math.min(Math.max(0, left.length - keep), MAX_ENDED);
    const excess = left.slice(0, many);
    await Promise.all(excess.map(({ name }) => this.end(name)));
  }

  /** The answer's JSON, or null: none of these calls is worth a terminal that works. */
  private async call(path: string, init: RequestInit): Promise<unknown> {
    try {
      const signal = AbortSignal.timeout(this.limits.connect);
      const answer = await ask(this.target, path, { ...init, signal });
      const text = await textOf(answer);
      return answer.ok && text ? (JSON.parse(text) as unknown) : null;
    } catch (error) {
      console.error(
        `toolbox ${init.method ?? "GET"}: ${error instanceof Error ? error.message : String(error)}`,
      );
      return null;
    }
  }
}

/** What runs in the sandbox may answer in the toolbox's place, and without end. Throws Error. */
async function textOf(answer: Response): Promise<string> {
  if (!answer.body) return "";
  const body = answer.body as unknown as AsyncIterable<Uint8Array>;
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > MAX_ANSWER) throw new Error("The answer is too large.");
  }
  return text;
}
