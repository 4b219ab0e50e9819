import { httpRouter } from "convex/server";
import { httpAction } from "./_generated/server";
import { receivePush } from "./chat/pushed";
import { complete, listModels } from "./chat/completions";
import { checkOpen, redeemTicket } from "./relay/routes";
import { countStrangers } from "./strangers";

/** What sandboxes and the relay may ask of Slipway. People and programs use the functions. */
const http = httpRouter();

http.route({
  path: "/sandbox/events",
  method: "POST",
  handler: httpAction(countStrangers(receivePush)),
});
http.route({
  path: "/gateway/v1/chat/completions",
  method: "POST",
  handler: httpAction(countStrangers(complete)),
});
http.route({
  path: "/gateway/v1/models",
  method: "GET",
  handler: httpAction(countStrangers(listModels)),
});
http.route({
  path: "/relay/redeem",
  method: "POST",
  handler: httpAction(countStrangers(redeemTicket)),
});
http.route({
  path: "/relay/check",
  method: "POST",
  handler: httpAction(countStrangers(checkOpen)),
});

export default http;
