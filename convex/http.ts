import { httpRouter } from "convex/server";
import { httpAction } from "./_generated/server";
import { receivePush } from "./chat/pushed";
import { complete, listModels } from "./chat/relay";

/** What sandboxes may ask of Slipway. People and programs use the functions. */
const http = httpRouter();

http.route({
  path: "/sandbox/events",
  method: "POST",
  handler: httpAction(receivePush),
});
http.route({
  path: "/gateway/v1/chat/completions",
  method: "POST",
  handler: httpAction(complete),
});
http.route({
  path: "/gateway/v1/models",
  method: "GET",
  handler: httpAction(listModels),
});

export default http;
