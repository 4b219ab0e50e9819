import { calledFunction, handleOf } from "./address";
import type { FunctionContext } from "./context";
import type { Calls } from "./syscalls";

/** What every kind of function can do. */
export const COMMON_CALLS: Calls<FunctionContext> = {
  "1.0/getUserIdentity": (context) => {
    context.trace.usedIdentity = true;
    return JSON.stringify(context.identity?.attributes ?? null);
  },

  "1.0/createFunctionHandle": (context, args) => {
    return JSON.stringify(handleOf(calledFunction(context, args)));
  },

  "1.0/getFunctionMetadata": (context) =>
    JSON.stringify({
      name: context.path,
      componentPath: context.component,
    }),

  "1.0/getDeploymentMetadata": () =>
    JSON.stringify({ name: "embedded", region: null, class: "embedded" }),

  "1.0/getRequestMetadata": (context) => {
    if (context.kind === "query") {
      throw new Error("getRequestMetadata() is not available in queries.");
    }
    const { ip, userAgent, requestId, scheduledFunctionId, token } =
      context.request;
    return JSON.stringify({
      ip,
      userAgent,
      requestId,
      scheduledFunctionId,
      authToken: token,
    });
  },

  "1.0/storageGetUrl": async (context, args) =>
    JSON.stringify(
      await context.runtime.files.url(context, args["storageId"] as string),
    ),

  "1.0/storageGetMetadata": async (context, args) =>
    JSON.stringify(
      await context.runtime.files.metadata(
        context,
        args["storageId"] as string,
      ),
    ),

  "1.0/storageGenerateUploadUrl": (context) => {
    if (context.kind === "query") {
      throw new Error("generateUploadUrl() is not available in queries.");
    }
    return JSON.stringify(context.runtime.files.uploadUrl());
  },

  "1.0/storageDelete": async (context, args) => {
    await context.runtime.files.delete(context, args["storageId"] as string);
    return "{}";
  },
};
