/**
 * Browser clients come from another origin, and authenticate by token, never
 * by cookie: any origin may ask, as it may in the cloud.
 */
export function withCors(request: Request, response: Response): Response {
  if (request.headers.get("origin") === null) return response;
  response.headers.set("access-control-allow-origin", "*");
  return response;
}

export function preflight(request: Request): Response {
  const wanted = request.headers.get("access-control-request-headers");
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE, OPTIONS",
      "access-control-allow-headers": wanted ?? "*",
      "access-control-max-age": "86400",
    },
  });
}
