import { methods } from "@/server/api/methods";
import { makeTicket } from "@/server/api/sandbox-operations";
import { serve } from "@/server/api/serve";
import { issueTicket } from "@/server/issue-ticket";

export const { GET, POST, PUT, PATCH, DELETE, OPTIONS } = methods({
  POST: serve(makeTicket, ({ params, body, backend }) =>
    issueTicket(backend, params.slotId, body),
  ),
});
