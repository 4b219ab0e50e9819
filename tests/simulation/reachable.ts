import type { Route } from "./fate";

/** Each kind of step a worker is given, and the call that it is for. */
export const STEPS: Record<string, Route> = {
  create: "create",
  look: "get",
  start: "start",
  recover: "recover",
  claim: "upload",
  stop: "stop",
  delete: "delete",
  keep: "POST /keep",
  restore: "POST /restore",
  install: "POST /skills",
  configure: "PUT /config",
  probe: "get",
  "turns:send": "POST /turns",
  "turns:halt": "POST /turns/stop",
  "turns:pull": "GET /turns",
};

/** What cannot happen, and why. */
export const IMPOSSIBLE: { what: RegExp; why: string }[] = [];
