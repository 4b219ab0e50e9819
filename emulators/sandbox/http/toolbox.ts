import { ApiError, messageOf } from "../errors";
import type { Activity } from "../state/activity";
import type { Lifecycle } from "../state/lifecycle";
import { forward } from "./forward";

/** /toolbox/{id}/...: the supervisor inside does the work and answers. */
export async function toolbox(
  lifecycle: Lifecycle,
  activity: Activity,
  request: Request,
  url: URL,
): Promise<Response> {
  const [, , id = "", ...rest] = url.pathname.split("/");
  const record = lifecycle.require(decodeURIComponent(id));
  const cell = lifecycle.cell(record);
  activity.begin(record.id);
  try {
    return await forward(
      cell,
      `/toolbox/${rest.join("/")}${url.search}`,
      request,
      ["authorization", "cookie"],
      () => activity.end(record.id),
    );
  } catch (error) {
    // The connection broke: it was stopped, or died, under the call.
    if (request.signal.aborted) throw error;
    throw new ApiError(
      502,
      `Sandbox ${record.name} ended during the call: ${messageOf(error)}`,
    );
  }
}
