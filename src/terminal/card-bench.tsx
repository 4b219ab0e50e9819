"use client";

import { useState } from "react";
import type { SandboxView } from "../data/types";
import { Button } from "../ui/button";
import { useFocusBack } from "../ui/use-focus-back";
import { Workbench } from "./workbench";

/** On a sandbox's card: the workbench, folded away. */
export function CardBench({ sandbox }: { sandbox: SandboxView }) {
  const [open, setOpen] = useState(false);
  const opener = useFocusBack(open);
  if (open) {
    return (
      <Workbench
        sandbox={sandbox}
        onClose={() => setOpen(false)}
        className="sm:h-96"
      />
    );
  }
  return (
    <div className="border-t border-line px-3 py-2 sm:px-4">
      <Button
        ref={opener}
        size="sm"
        variant="ghost"
        icon="terminal"
        onClick={() => setOpen(true)}
      >
        Terminal, ports and files
      </Button>
    </div>
  );
}
