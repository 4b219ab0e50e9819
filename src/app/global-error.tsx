"use client";

import "./globals.css";
import { ErrorScreen } from "../shell/error-screen";

/** When the layout itself broke: it brings its own document. */
export default function GlobalError({
  error,
  reset,
}: {
  error: Error & { digest?: string };
  reset: () => void;
}) {
  return (
    <html lang="en">
      <body>
        <title>Slipway</title>
        <ErrorScreen digest={error.digest} onRetry={reset} />
      </body>
    </html>
  );
}
