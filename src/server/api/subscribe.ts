import { ConvexClient } from "convex/browser";
import type {
  FunctionArgs,
  FunctionReference,
  FunctionReturnType,
} from "convex/server";
import type { Credential } from "../backend";
import { serverEnvironment } from "../environment";

type Query = FunctionReference<"query", "public", { token?: string }>;

/**
 * A query's results in the name of the caller, now and whenever they change,
 * over one WebSocket. Reconnects by itself. Returns how to stop.
 */
export function subscribe<F extends Query>(
  { kind, token }: Credential,
  query: F,
  args: Omit<FunctionArgs<F>, "token">,
  onResult: (result: FunctionReturnType<F>) => void,
  onError: (error: Error) => void,
): () => void {
  const client = new ConvexClient(serverEnvironment().convexUrl, {
    skipConvexDeploymentUrlCheck: true,
    logger: false,
    unsavedChangesWarning: false,
  });
  const personal = kind === "personal";
  if (!personal) client.setAuth(() => Promise.resolve(token));
  client.onUpdate(
    query,
    { ...args, ...(personal && { token }) } as FunctionArgs<F>,
    onResult,
    onError,
  );
  return () => {
    client.close().catch((error: unknown) => {
      console.error("A subscription did not close.", error);
    });
  };
}
