"use client";

import { useState } from "react";
import type { ProviderView } from "../data/types";
import { Button } from "../ui/button";
import { cx } from "../ui/cx";
import { Chip } from "../ui/status";
import { useFocusBack } from "../ui/use-focus-back";
import { ProviderForm } from "./provider-form";

/** One provider the operator allows: whether it is in use, and what it needs. */
export function ProviderCard({
  provider,
  inUse,
}: {
  provider: ProviderView;
  /** The model in use, when it is this provider's. */
  inUse: string | null;
}) {
  const [open, setOpen] = useState(false);
  const [saved, setSaved] = useState(false);
  const opener = useFocusBack(open);
  return (
    <section
      aria-label={provider.label}
      className={cx(
        "rounded-lg border bg-surface shadow-card transition-colors",
        inUse ? "border-accent/50" : "border-line",
      )}
    >
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-3 p-4 sm:p-5">
        <div className="min-w-0">
          <h3 className="flex flex-wrap items-center gap-2 font-medium">
            {provider.label}
            {inUse ? <Chip tone="accent">In use</Chip> : null}
          </h3>
          <p className="mt-0.5 text-sm text-ink-3">
            {provider.keyless
              ? "Needs no key"
              : provider.lastFour
                ? `Key ends in ${provider.lastFour}`
                : "No key yet"}
            {inUse ? (
              <>
                {" · "}
                <span className="font-mono text-xs">{inUse}</span>
              </>
            ) : null}
          </p>
        </div>
        <p role="status" className="sr-only">
          {saved ? "Saved." : null}
        </p>
        <Button
          ref={opener}
          size="sm"
          aria-expanded={open}
          onClick={() => {
            setSaved(false);
            setOpen(!open);
          }}
        >
          {open
            ? "Close"
            : provider.needsKey
              ? "Add key"
              : inUse
                ? "Change"
                : "Use"}
        </Button>
      </div>
      {open ? (
        <div className="animate-appear border-t border-line p-4 sm:p-5">
          <ProviderForm
            provider={provider}
            model={inUse ?? provider.defaultModel ?? ""}
            onDone={() => {
              setSaved(true);
              setOpen(false);
            }}
          />
        </div>
      ) : null}
    </section>
  );
}
