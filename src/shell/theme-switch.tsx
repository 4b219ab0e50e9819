"use client";

import { useState, useSyncExternalStore } from "react";
import type { IconName } from "../ui/icon";
import { IconButton } from "../ui/button";
import { THEME_COOKIE, themeOf, type Theme } from "./theme";

const NEXT: Record<Theme, Theme> = {
  system: "light",
  light: "dark",
  dark: "system",
};
const ICONS: Record<Theme, IconName> = {
  system: "monitor",
  light: "sun",
  dark: "moon",
};

/** System, light, dark, round and round. */
export function ThemeSwitch() {
  const rendered = useSyncExternalStore(
    subscribe,
    current,
    () => "system" as const,
  );
  const [chosen, setChosen] = useState<Theme | null>(null);
  const theme = chosen ?? rendered;

  function choose(next: Theme) {
    const root = document.documentElement;
    if (next === "system") delete root.dataset["theme"];
    else root.dataset["theme"] = next;
    document.cookie = `${THEME_COOKIE}=${next}; path=/; max-age=31536000; samesite=lax`;
    setChosen(next);
  }

  return (
    <IconButton
      icon={ICONS[theme]}
      label={`Theme: ${theme}. Switch to ${NEXT[theme]}.`}
      onClick={() => choose(NEXT[theme])}
    />
  );
}

/** The server wrote it into the page and only this button changes it. */
function subscribe(): () => void {
  return () => undefined;
}

function current(): Theme {
  return themeOf(document.documentElement.dataset["theme"]);
}
