"use client";

import "./globals.css";
import { ErrorScreen } from "../shell/error-screen";

/** When the layout itself broke: it brings its own document. */
export default function GlobalError({
  error,
}: {
  error: Error & { digest?: string };
}) {
  return (
    <html lang="en">
      <body>
        <title>Slipway</title>
        <main>
          <ErrorScreen digest={error.digest} />
        </main>
      </body>
    </html>
  );
}
