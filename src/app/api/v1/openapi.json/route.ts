import { methods } from "@/server/api/methods";
import { openApi } from "@/server/api/openapi";
import { originOf } from "@/server/origin";

/** Public: the document tells what can be asked, and nothing of anybody. */
export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  GET: (request: Request) => Response.json(openApi(originOf(request))),
});
