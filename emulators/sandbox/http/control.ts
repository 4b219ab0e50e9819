import { z } from "zod";
import { badRequest } from "../errors";
import * as payloads from "../payloads";
import type { History } from "../state/history";
import type { Registry, SandboxRecord } from "../state/registry";
import type { SandboxState } from "../state/states";
import { parseCreate } from "./create-request";
import { listPage } from "./list";
import { parsePort } from "./port";
import { expire, sign } from "./signed";
import { snapshotRoutes } from "./snapshots";
import type { SnapshotContext } from "./snapshots";
import { Router, json, readJson } from "./router";
import type { Call } from "./router";

export interface ControlContext extends SnapshotContext {
  registry: Registry;
  history: History;
}

const labelsBody = z.object({ labels: z.record(z.string(), z.string()) });

/** The control plane, below /api. */
export function controlRoutes(context: ControlContext): Router {
  const { registry, lifecycle, builds, history, origin } = context;
  const router = new Router();
  const one = (record: SandboxRecord) =>
    json(payloads.sandbox(record, origin()));

  router.on("POST", "/sandbox", async ({ request, twist }) => {
    const wanted = parseCreate(await readJson(request));
    if (wanted.snapshot && builds.find(wanted.snapshot)) {
      throw badRequest(
        `Snapshot ${wanted.snapshot} was recorded, not built: this server builds no images`,
      );
    }
    return one(await lifecycle.create(wanted, twist.entrypoint));
  });
  router.on("GET", "/sandbox", ({ url, twist }) => {
    const lag = twist.staleMs ?? lifecycle.behaviour.listLagMs;
    const all = lag > 0 ? history.list(lag) : registry.all();
    const page = listPage(all, url.searchParams);
    const items = page.items.map((r) => payloads.listItem(r, origin()));
    return json({ items, nextCursor: page.nextCursor });
  });
  router.on("GET", "/sandbox/{id}", ({ params, twist }) => {
    const { staleMs } = twist;
    const now = lifecycle.find(params.id);
    const then = staleMs ? history.find(now?.id ?? params.id, staleMs) : null;
    return one(then ?? lifecycle.require(params.id));
  });
  const change = (
    method: string,
    path: string,
    onItsWay: SandboxState,
    work: (call: Call) => Promise<SandboxRecord>,
  ) =>
    router.on(method, path, async (call) => {
      if (!call.twist.noEffect) return one(await work(call));
      return one({ ...lifecycle.require(call.params.id), state: onItsWay });
    });
  change("DELETE", "/sandbox/{id}", "destroying", ({ params }) =>
    lifecycle.delete(params.id),
  );
  change("POST", "/sandbox/{id}/start", "starting", ({ params, twist }) =>
    twist.startFails
      ? lifecycle.failStart(params.id)
      : lifecycle.start(params.id, twist.entrypoint),
  );
  change("POST", "/sandbox/{id}/stop", "stopping", ({ params }) =>
    lifecycle.stop(params.id),
  );
  change("POST", "/sandbox/{id}/archive", "archiving", ({ params }) =>
    lifecycle.archive(params.id),
  );
  change("POST", "/sandbox/{id}/recover", "starting", ({ params, url }) =>
    lifecycle.recover(params.id, url.searchParams.get("skipStart") === "true"),
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
    least: number,
    set: (id: string, minutes: number) => SandboxRecord,
  ) =>
    router.on("POST", `/sandbox/{id}/${path}/{n}`, ({ params }) => {
      const minutes = Number(params.n);
      if (!Number.isInteger(minutes) || minutes < least) {
        throw badRequest(`${path} must be an integer, ${least} or more`);
      }
      return one(set(params.id, minutes));
    });
  interval("autostop", 0, (id, autoStopInterval) =>
    lifecycle.update(id, { autoStopInterval }),
  );
  interval("autoarchive", 0, (id, autoArchiveInterval) =>
    lifecycle.update(id, { autoArchiveInterval }),
  );
  interval("autodelete", -1, (id, autoDeleteInterval) =>
    lifecycle.update(id, { autoDeleteInterval }),
  );
  interval("ttl", 0, (id, minutes) => lifecycle.setTtl(id, minutes));

  router.on("GET", "/sandbox/{id}/ports/{port}/preview-url", ({ params }) => {
    const { id, previewToken } = lifecycle.require(params.id);
    const port = parsePort(params.port);
    const url = `${origin()}/preview/${id}/${port}`;
    return json({ sandboxId: id, url, token: previewToken });
  });
  const signedPath = "/sandbox/{id}/ports/{port}/signed-preview-url";
  router.on("GET", signedPath, ({ params, url }) => {
    const seconds = Number(url.searchParams.get("expiresInSeconds") ?? 60);
    const made = sign(lifecycle, params.id, parsePort(params.port), seconds);
    return json(payloads.signedPreview(made.record, made.signed, origin()));
  });
  router.on("POST", `${signedPath}/{token}/expire`, ({ params }) => {
    expire(lifecycle, params.id, parsePort(params.port), params.token);
    return new Response(null);
  });
  router.on("GET", "/sandbox/{id}/toolbox-proxy-url", ({ params }) => {
    lifecycle.require(params.id);
    return json({ url: `${origin()}/toolbox` });
  });
  snapshotRoutes(router, context);
  return router;
}
