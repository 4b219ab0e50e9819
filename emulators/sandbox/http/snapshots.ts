import { ApiError, notFound } from "../errors";
import * as payloads from "../payloads";
import type { Snapshot, Snapshots } from "../snapshots";
import { buildLog } from "../state/builds";
import type { Build, Builds } from "../state/builds";
import type { Lifecycle } from "../state/lifecycle";
import { json, readJson } from "./router";
import type { Router } from "./router";

export interface SnapshotContext {
  snapshots: Snapshots;
  builds: Builds;
  lifecycle: Lifecycle;
  /** "http://127.0.0.1:PORT" */
  origin: () => string;
}

/** Snapshots of the folder, and images that were asked for, below /api. */
export function snapshotRoutes(router: Router, context: SnapshotContext) {
  const { snapshots, builds, lifecycle, origin } = context;
  const ofFolder = (idOrName: string): Snapshot | undefined =>
    snapshots
      .list()
      .find(({ name }) => [name, payloads.snapshotId(name)].includes(idOrName));
  const requireBuild = (idOrName: string): Build => {
    const found = builds.find(idOrName);
    if (found) return found;
    if (!ofFolder(idOrName)) throw notFound(`Snapshot ${idOrName} not found`);
    throw new ApiError(
      403,
      `Snapshot ${idOrName} is a folder of this server: change it there`,
    );
  };

  router.on("GET", "/snapshots", ({ url }) => {
    const limit = Number(url.searchParams.get("limit") ?? 100);
    const page = Number(url.searchParams.get("page") ?? 1);
    const name = url.searchParams.get("name") ?? "";
    const all = [
      ...snapshots.list().map(payloads.snapshot),
      ...builds.all().map(payloads.build),
    ].filter((one) => one.name.includes(name));
    return json({
      items: all.slice((page - 1) * limit, page * limit),
      total: all.length,
      page,
      totalPages: Math.max(1, Math.ceil(all.length / limit)),
    });
  });
  router.on("GET", "/snapshots/{id}", ({ params }) => {
    const folder = ofFolder(params.id);
    if (folder) return json(payloads.snapshot(folder));
    return json(payloads.build(requireBuild(params.id)));
  });
  router.on("POST", "/snapshots", async ({ request, twist }) => {
    const body = await readJson(request);
    const { name } = (body ?? {}) as { name?: unknown };
    const taken = typeof name === "string" && ofFolder(name) !== undefined;
    const { build = 0 } = lifecycle.behaviour.pace;
    const made = builds.create(body, taken, build, twist.buildFails ?? false);
    return json(payloads.build(made));
  });
  router.on("DELETE", "/snapshots/{id}", ({ params }) => {
    builds.remove(requireBuild(params.id));
    return new Response(null);
  });
  router.on("POST", "/snapshots/{id}/activate", ({ params }) =>
    json(payloads.build(builds.rest(requireBuild(params.id), false))),
  );
  router.on("POST", "/snapshots/{id}/deactivate", ({ params }) => {
    builds.rest(requireBuild(params.id), true);
    return new Response(null, { status: 204 });
  });
  router.on("GET", "/snapshots/{id}/build-logs-url", ({ params }) => {
    const { id } = requireBuild(params.id);
    return json({ url: `${origin()}/api/snapshots/${id}/build-logs` });
  });
  router.on("GET", "/snapshots/{id}/build-logs", ({ params, url, request }) => {
    const build = requireBuild(params.id);
    const follow = url.searchParams.get("follow") === "true";
    return new Response(
      follow ? following(build, request.signal) : said(build),
    );
  });
}

const said = (build: Build) =>
  buildLog(build)
    .filter(({ at }) => at <= Date.now())
    .map(({ line }) => `${line}\n`)
    .join("");

/** Each line when its time has come, until the build is over. */
function following(
  build: Build,
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  const lines = buildLog(build);
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const next = lines.shift();
      if (next) await Bun.sleep(Math.max(0, next.at - Date.now()));
      if (!next || signal.aborted) return controller.close();
      controller.enqueue(encoder.encode(`${next.line}\n`));
    },
  });
}
