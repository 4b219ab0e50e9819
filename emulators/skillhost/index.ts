import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { buildExamples, EXAMPLES } from "./examples";
import { plainRepository } from "./git";
import { repositoryName } from "./names";
import { Repositories } from "./repositories";
import { advertise, archive, REQUEST_LIMIT, text, uploadPack } from "./wire";

export type SkillHostOptions = {
  /** 0 (the default) takes a free port. */
  port?: number;
  /** Where the built-in repository is kept. */
  dataDir: string;
  /** The folder of example skills, served as `slipway/examples`. */
  examplesDir?: string;
  /** A folder of `<owner>/<repo>` git repositories, bare or with a work tree. */
  skillsDir?: string;
};

export type SkillHost = {
  url: string;
  /** Builds `slipway/examples` anew from its folder. */
  reset: () => Promise<void>;
  close: () => Promise<void>;
};

/**
 * A read-only git host on loopback: smart HTTP, and one tar.gz per commit at the
 * path GitHub's code-download host uses. Throws when git is missing or the examples
 * cannot be read.
 */
export async function createSkillHost(
  options: SkillHostOptions,
): Promise<SkillHost> {
  const dataDir = resolve(options.dataDir);
  await mkdir(dataDir, { recursive: true });
  const build = async () => {
    const examplesDir = options.examplesDir;
    const gitDir = examplesDir && (await buildExamples(dataDir, examplesDir));
    return gitDir ? { ...EXAMPLES, gitDir } : null;
  };
  const skillsDir = options.skillsDir ? resolve(options.skillsDir) : null;
  const plainDir = await plainRepository(dataDir);
  const repositories = new Repositories(await build(), skillsDir);
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: options.port ?? 0,
    idleTimeout: 120,
    maxRequestBodySize: REQUEST_LIMIT,
    fetch: (request) => route(request, repositories, plainDir),
    error: (error) => {
      process.stderr.write(`skillhost: ${error.stack ?? error.message}\n`);
      return text(500, "The skill host failed; its log says why.");
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    reset: async () => void (await build()),
    close: () => server.stop(true),
  };
}

async function route(
  request: Request,
  repositories: Repositories,
  plainDir: string,
): Promise<Response> {
  const url = new URL(request.url);
  // Else any web page could read private repositories by rebinding its own name.
  if (url.hostname !== "127.0.0.1" && url.hostname !== "localhost") {
    return text(403, "This host answers on loopback names only.");
  }
  const get = request.method === "GET";
  if (get && url.pathname === "/health") return Response.json({ ok: true });
  if (get && url.pathname === "/__repositories") {
    return Response.json(await repositories.list());
  }

  const [owner = "", repo = "", ...rest] = url.pathname.slice(1).split("/");
  const wanted = wantedService(request.method, rest, url);
  if (wanted === "push") return text(403, "This host is read-only.");
  if (!wanted) return text(404, "There is nothing at this address.");
  const name = repositoryName(owner, repo);
  if (!name) return text(404, "No repository can have this name.");
  const found = await repositories.find(name);
  if (found.kind === "refused") {
    const answer = text(404, found.message);
    // Tells a resolver that this text is for the operator to act on.
    answer.headers.set("x-slipway-refused", "1");
    return answer;
  }
  if (found.kind === "missing") {
    return text(404, `There is no repository ${name.owner}/${name.repo} here.`);
  }
  switch (wanted) {
    case "advertise": {
      const protocol = request.headers.get("git-protocol");
      return await advertise(found.gitDir, protocol, request.signal);
    }
    case "upload-pack":
      return await uploadPack(found.gitDir, request);
    case "archive":
      return await archive(
        found.gitDir,
        plainDir,
        found.repo,
        rest[1] ?? "",
        request.signal,
      );
  }
}

function wantedService(method: string, rest: string[], url: URL) {
  const path = rest.join("/");
  const service = url.searchParams.get("service");
  if (service === "git-receive-pack" || path === "git-receive-pack") {
    return "push";
  }
  if (method === "GET" && path === "info/refs") {
    return service === "git-upload-pack" ? "advertise" : null;
  }
  if (method === "POST" && path === "git-upload-pack") return "upload-pack";
  if (method === "GET" && rest.length === 2 && rest[0] === "tar.gz") {
    return "archive";
  }
  return null;
}
