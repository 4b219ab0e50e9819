import { NextResponse, type NextRequest } from "next/server";
import { contentSecurityPolicy } from "./security";

/** Gives every page a Content-Security-Policy with a nonce of its own. */
export function proxy(request: NextRequest): NextResponse {
  const nonce = btoa(
    String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))),
  );
  const policy = contentSecurityPolicy(nonce, process.env);
  const headers = new Headers(request.headers);
  headers.set("content-security-policy", policy); // Next reads the nonce from here
  headers.set("x-nonce", nonce); // and the layout from here, for Clerk's scripts
  const response = NextResponse.next({ request: { headers } });
  response.headers.set("content-security-policy", policy);
  return response;
}

export const config = {
  matcher: [
    {
      source:
        "/((?!api/|_next/static|_next/image|badge\\.svg$|icon\\.svg$|apple-icon\\.png$|favicon\\.ico$).*)",
      missing: [{ type: "header", key: "next-router-prefetch" }],
    },
  ],
};
