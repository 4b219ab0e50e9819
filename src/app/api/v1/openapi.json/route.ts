import { methods } from "@/server/api/methods";
import { openApi } from "@/server/api/openapi";
import { throughOpenDoor } from "@/server/door";
import { originOf } from "@/server/origin";
import { toProblem } from "@/server/route";

/** Public: the document tells what can be asked, and nothing of anybody. */
export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  GET: (request: Request) =>
    throughOpenDoor(request, async () =>
      Response.json(openApi(originOf(request.headers))),
    ).catch((error: unknown) => toProblem(error, request)),
});
