/**
 * Has the backend look at the example skills, so that the home page can list them
 * from records. Returns how many there are; throws when they cannot be opened.
 */
export async function lookAtExamples(backendUrl: string): Promise<number> {
  const answer = await fetch(`${backendUrl}/api/action`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      path: "skills:open",
      args: { link: "slipway/examples" },
      format: "json",
    }),
    signal: AbortSignal.timeout(20_000),
  });
  const body = (await answer.json()) as {
    status: string;
    value?: { choices?: unknown[] };
    errorMessage?: string;
  };
  if (body.status !== "success") {
    throw new Error(body.errorMessage ?? `status ${answer.status}`);
  }
  return body.value?.choices?.length ?? 1;
}
