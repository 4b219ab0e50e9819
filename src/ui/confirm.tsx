"use client";

import { useId, useLayoutEffect, useRef, type ReactNode } from "react";
import { Button } from "./button";

/** Of a question in words of its own: whether it is asked, and what follows. */
export type Asking = {
  open: boolean;
  busy: boolean;
  onConfirm: () => void;
  onClose: () => void;
};

/**
 * Asks before something that has consequences. A native dialog: it traps focus,
 * closes on Escape and gives focus back by itself.
 */
export function Confirm({
  open,
  title,
  action,
  keep = "Keep it",
  variant = "grave",
  busy,
  onConfirm,
  onClose,
  children,
}: Asking & {
  title: string;
  /** What the button does, such as "Delete sandbox". */
  action: string;
  /** The other button. */
  keep?: string;
  variant?: "grave" | "primary";
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const textId = useId();

  // Before anything is painted or spoken: while a dialog is open, what else the
  // same change brought to the page cannot be heard.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (!element) return;
    if (open && !element.open) element.showModal();
    if (!open && element.open) element.close();
  }, [open]);

  return (
    <dialog
      ref={dialog}
      aria-labelledby={titleId}
      aria-describedby={textId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClose={() => {
        // The browser says so a frame later: by then another one may be asked.
        if (open && !dialog.current?.open) onClose();
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose(); // the backdrop
      }}
      className="m-auto w-[min(28rem,calc(100vw-2rem))] rounded-xl border border-line bg-raised p-0 text-ink shadow-lift backdrop:bg-[rgb(6_12_15/55%)] open:animate-rise"
    >
      <div className="p-6">
        <h2 id={titleId} className="text-lg font-semibold wrap-anywhere">
          {title}
        </h2>
        <div id={textId} className="mt-2 text-sm text-ink-2">
          {children}
        </div>
        <div className="mt-6 flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>{keep}</Button>
          <Button variant={variant} busy={busy} onClick={onConfirm}>
            {action}
          </Button>
        </div>
      </div>
    </dialog>
  );
}
