import { KEY_CHECK_TIMEOUT } from "../model/chat/limits";
import { refuse } from "../model/errors";
import type { Provider } from "../model/providers";
import { within } from "../model/within";

/**
 * Asks the provider whether a key is good. Throws `model_refused_key` when it
 * says no, `model_rate_limited` or `model_failed` when it does not say.
 */
export async function checkKey(provider: Provider, key: string): Promise<void> {
  const { label } = provider;
  const abort = new AbortController();
  const response = await within(
    KEY_CHECK_TIMEOUT,
    ask(provider.baseUrl + provider.checkPath, key, abort.signal),
  );
  if (!response) {
    abort.abort();
    throw refuse("model_failed", `${label} did not answer. Nothing was saved.`);
  }
  if (response.ok) return;
  switch (response.status) {
    case 401:
    case 403:
      throw refuse(
        "model_refused_key",
        `${label} refused this key. Nothing was saved.`,
      );
    case 429:
      throw refuse(
        "model_rate_limited",
        `${label} limits the rate of requests. Nothing was saved.`,
      );
    default:
      throw refuse(
        "model_failed",
        `${label} answered ${response.status} to the test of the key. Nothing was saved.`,
      );
  }
}

async function ask(
  url: string,
  key: string,
  signal: AbortSignal,
): Promise<Response | null> {
  try {
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${key}`, accept: "application/json" },
      redirect: "manual", // a redirect would carry the key elsewhere
      signal,
    });
    await response.body?.cancel();
    return response;
  } catch {
    return null; // no route, no TLS, no time: said above in one way
  }
}
