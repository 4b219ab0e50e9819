"use client";

import { ErrorScreen } from "../shell/error-screen";

export default function PageError({
  error,
}: {
  error: Error & { digest?: string };
}) {
  return (
    <main>
      <ErrorScreen digest={error.digest} />
    </main>
  );
}
