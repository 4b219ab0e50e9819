"use client";

import { ErrorScreen } from "../../shell/error-screen";

export default function PageError({
  error,
}: {
  error: Error & { digest?: string };
}) {
  return <ErrorScreen digest={error.digest} />;
}
