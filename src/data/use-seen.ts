"use client";

import { useState } from "react";

/** Whether it has been so at any time since this was mounted. */
export function useSeen(now: boolean): boolean {
  const [seen, setSeen] = useState(now);
  if (now && !seen) setSeen(true);
  return seen || now;
}
