import { z } from "zod";
import { badRequest, notFound } from "../errors";
import * as payloads from "../payloads";
import type { Snapshots } from "../snapshots";
import type { Lifecycle } from "../state/lifecycle";
import type { Registry, SandboxRecord } from "../state/registry";
import { parseCreate } from "./create-request";
import { listPage } from "./list";
import { Router, json, readJson } from "./router";

export interface ControlContext {
  registry: Registry;
  lifecycle: Lifecycle;
  snapshots: Snapshots;
  /** "http://127.0.0.1:PORT" */
  origin: () => string;
}

const labelsBody = z.object({ labels: z.record(z.string(), z.string()) });

/** The control plane, below /api. */
export function controlRoutes(context: ControlContext): Router {
  const { registry, lifecycle, snapshots, origin } = context;
  const router = new Router();
  const one = (record: SandboxRecord) =>
    json(payloads.sandbox(record, origin()));

  router.on("POST", "/sandbox", async ({ request }) =>
    one(await lifecycle.create(parseCreate(await readJson(request)))),
  );
  router.on("GET", "/sandbox", ({ url }) => {
    const page = listPage(registry.all(), url.searchParams);
    const items = page.items.map((r) => payloads.listItem(r, origin()));
    return json({ items, nextCursor: page.nextCursor });
  });
  router.on("GET", "/sandbox/{id}", ({ params }) =>
    one(lifecycle.require(params.id)),
  );
  router.on("DELETE", "/sandbox/{id}", async ({ params }) =>
    one(await lifecycle.delete(params.id)),
  );
  router.on("POST", "/sandbox/{id}/start", async ({ params }) =>
    one(await lifecycle.start(params.id)),
  );
  router.on("POST", "/sandbox/{id}/stop", async ({ params }) =>
    one(await lifecycle.stop(params.id)),
  );
  router.on("PUT", "/sandbox/{id}/labels", async ({ params, request }) => {
    const body = labelsBody.safeParse(await readJson(request));
    if (!body.success) throw badRequest(z.prettifyError(body.error));
    lifecycle.update(params.id, body.data);
    return json(body.data);
  });
  router.on("POST", "/sandbox/{id}/last-activity", ({ params }) => {
    registry.touch(lifecycle.require(params.id).id);
    return new Response(null, { status: 201 });
  });
  const interval = (
    path: string,
    field: "autoStopInterval" | "autoArchiveInterval" | "autoDeleteInterval",
    least: number,
  ) =>
    router.on("POST", `/sandbox/{id}/${path}/{n}`, ({ params }) => {
      const minutes = Number(params.n);
      if (!Number.isInteger(minutes) || minutes < least) {
        throw badRequest(`${field} must be an integer, ${least} or more`);
      }
      return one(lifecycle.update(params.id, { [field]: minutes }));
    });
  interval("autostop", "autoStopInterval", 0);
  interval("autoarchive", "autoArchiveInterval", 0);
  interval("autodelete", "autoDeleteInterval", -1);

  router.on("GET", "/sandbox/{id}/ports/{port}/preview-url", ({ params }) => {
    const { id, previewToken } = lifecycle.require(params.id);
    const port = parsePort(params.port);
    const url = `${origin()}/preview/${id}/${port}`;
    return json({ sandboxId: id, url, token: previewToken });
  });
  router.on("GET", "/sandbox/{id}/toolbox-proxy-url", ({ params }) => {
    lifecycle.require(params.id);
    return json({ url: `${origin()}/toolbox` });
  });

  router.on("GET", "/snapshots", ({ url }) => {
    const limit = Number(url.searchParams.get("limit") ?? 100);
    const page = Number(url.searchParams.get("page") ?? 1);
    const name = url.searchParams.get("name") ?? "";
    const all = snapshots.list().filter((s) => s.name.includes(name));
    const items = all.slice((page - 1) * limit, page * limit);
    return json({
      items: items.map(payloads.snapshot),
      total: all.length,
      page,
      totalPages: Math.max(1, Math.ceil(all.length / limit)),
    });
  });
  router.on("GET", "/snapshots/{id}", ({ params }) => {
    const found = snapshots
      .list()
      .find((s) => [s.name, payloads.snapshotId(s.name)].includes(params.id));
    if (!found) throw notFound(`Snapshot ${params.id} not found`);
    return json(payloads.snapshot(found));
  });
  return router;
}

export function parsePort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw badRequest(`${text} is not a port`);
  }
  return port;
}
