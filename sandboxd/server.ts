import { randomBytes } from "node:crypto";
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { Agent } from "./agent";
import { tooLarge } from "./archive-rules";
import { ClaimFile, type Claim } from "./claim";
import { ConfigStore } from "./config";
import { isDiskFull, Refusal } from "./errors";
import { HermesHome } from "./hermes-home";
import { readBody, readJsonBody, sendJson } from "./http";
import { Disk } from "./keep/disk";
import { TRANSFER_LIMIT_MS } from "./keep/parts";
import { layoutOf } from "./layout";
import { discardLeft } from "./leftovers";
import { log } from "./log";
import { parseFrom, parseInstall, parseTurn, parseUninstall } from "./requests";
import { SkillStore } from "./skills";
import type { Turn } from "./turn";
import { Turns } from "./turns";
import { MAX_PACKED_BYTES } from "./untar";
import { VERSION } from "./version";

export type SandboxdOptions = {
  home: string;
  host: string;
  /** 0 chooses a free port. */
  port: number;
  /** Folder with venv/, hermes_run.py and agent.json. */
  agentFolder: string;
  /** ms since the epoch; a claim older than this is of an earlier boot. */
  bootedAt: number;
};

export type Sandboxd = { port: number; close: () => Promise<void> };

/** Of events in one answer; more is asked for from its `next`. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024;
/** For a whole body: what is restored may be large, and its sender far. */
const REQUEST_LIMIT_MS = TRANSFER_LIMIT_MS;

/** Starts the daemon; resolves once it listens. Hermes comes up behind it. */
export async function startSandboxd(
  options: SandboxdOptions,
): Promise<Sandboxd> {
  const layout = layoutOf(options.home);
  const boot = randomBytes(12).toString("base64url");
  const claims = new ClaimFile(layout.claim, options.bootedAt);

  const refresh = (): Promise<void> => hermesHome.refresh();
  const config = new ConfigStore(layout, async () => {
    await refresh();
    agent.tryAgain(); // what it failed for, such as a full disk, may be over
  });
  const skills = new SkillStore(layout, refresh);
  const hermesHome = new HermesHome(layout, {
    config: () => config.config,
    skills: () => skills.list(),
  });
  await config.load();
  await skills.load();
  const agent = new Agent(layout, hermesHome, options.agentFolder);
  const turns = new Turns(layout, agent, skills);
  const disk = new Disk(layout, agent, turns);
  await disk.recover();

  async function health(claim: Claim) {
    const rows = (await skills.list()).flatMap(({ key, shas, digest }) =>
      shas.map((sha) => ({ key, sha, digest })),
    );
    return {
      ok: true,
      version: VERSION,
      generation: claim.generation,
      boot,
      agent: agent.state,
      config: config.summary,
      skills: rows,
    };
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    claim: Claim,
  ): Promise<[status: number, body: unknown] | "streamed"> {
    const url = new URL(request.url ?? "/", "http://sandboxd");
    const route = `${request.method} ${url.pathname}`;
    if (route === "GET /health") return [200, await health(claim)];
    if (route === "POST /skills") {
      const install = parseInstall(request);
      const limit = () => tooLarge("more than 10 MiB packed");
      const packed = await readBody(request, MAX_PACKED_BYTES, limit);
      return [200, await skills.install(install, packed)];
    }
    if (route === "DELETE /skills") {
      return [200, await skills.uninstall(parseUninstall(request))];
    }
    if (route === "PUT /config") {
      const body = await readJsonBody(request);
      return [200, await config.write(body.writeToken, body.config)];
    }
    if (route === "POST /turns") {
      const turn = await turns.start(parseTurn(await readJsonBody(request)));
      return [202, { turnId: turn.input.turnId, ...position(turn) }];
    }
    if (route === "POST /keep") {
      await disk.keep(response);
      return "streamed";
    }
    if (route === "POST /restore") return [200, await disk.restore(request)];
    const [, turnId, stop] =
      /^\/turns\/([A-Za-z0-9_-]{1,128})(\/stop)?$/.exec(url.pathname) ?? [];
    if (turnId && !stop && request.method === "GET") {
      return [200, page(turns.get(turnId), parseFrom(url.searchParams))];
    }
    if (turnId && stop && request.method === "POST") {
      const turn = turns.get(turnId);
      void turn.stop();
      return [200, { turnId, ...position(turn) }];
    }
    throw new Refusal(404, "unknown_route", "No such route.");
  }

  const server = createServer(
    { maxHeaderSize: 16 * 1024, requestTimeout: REQUEST_LIMIT_MS },
    (request, response) => {
      claims
        .check(request.headers.authorization)
        .then((claim) => answer(request, response, claim))
        .then((said) => said === "streamed" || sendJson(response, ...said))
        .catch((error: unknown) => {
          const refusal = asRefusal(error);
          const { code, message, extra } = refusal;
          // Unread, the rest of a body would be taken for the next request.
          if (!request.complete) response.setHeader("connection", "close");
          sendJson(response, refusal.status, { code, message, ...extra });
        })
        .catch((error: unknown) => log("answer not sent", error));
    },
  );
  const port = await listen(server, options.port, options.host);
  void discardLeft(layout.slipway);
  const supervised = agent.supervise();
  supervised.catch((error: unknown) => log("agent supervision ended", error));

  return {
    port,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await Promise.all([turns.close(), agent.close()]);
      await supervised;
    },
  };
}

/** Events from a number on; "ended" only with the last of them. */
function page(turn: Turn, from: number) {
  const events = turn.log.read(from, MAX_PAGE_BYTES);
  const next = Math.min(from, turn.log.next) + events.length;
  const whole = next === turn.log.next;
  return { state: whole ? turn.state : "running", next, events };
}

function position(turn: Turn) {
  return { state: turn.state, next: turn.log.next };
}

function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  log("request failed", error);
  if (isDiskFull(error)) {
    return new Refusal(
      507,
      "disk_full",
      "The sandbox's disk is full. Remove files in its terminal, or replace the sandbox.",
    );
  }
  return new Refusal(500, "internal", "sandboxd failed; its log says why.");
}

async function listen(server: Server, port: number, host: string) {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return typeof address === "object" && address ? address.port : port;
}
