import { openApi } from "@/server/api/openapi";
import { originOf } from "@/server/origin";

/** Public: the document tells what can be asked, and nothing of anybody. */
export function GET(request: Request): Response {
  return Response.json(openApi(originOf(request)));
}
