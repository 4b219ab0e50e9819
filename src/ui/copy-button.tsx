"use client";

import { useEffect, useState } from "react";
import { Button } from "./button";

/** Copies a text and says so, also to those who cannot see it. */
export function CopyButton({
  text,
  label = "Copy",
}: {
  text: string;
  label?: string;
}) {
  const [result, setResult] = useState<"copied" | "refused" | null>(null);

  useEffect(() => {
    if (!result) return;
    const timer = setTimeout(() => setResult(null), 1_800);
    return () => clearTimeout(timer);
  }, [result]);

  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      setResult("copied");
    } catch {
      setResult("refused"); // the browser forbids it; the text can be selected
    }
  }

  return (
    <Button
      size="sm"
      variant="ghost"
      icon={result === "copied" ? "check" : "copy"}
      onClick={() => void copy()}
    >
      <span aria-live="polite">
        {result === "copied"
          ? "Copied"
          : result === "refused"
            ? "Select to copy"
            : label}
      </span>
    </Button>
  );
}
