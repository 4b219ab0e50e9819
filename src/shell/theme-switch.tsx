"use client";

import { useState, useSyncExternalStore } from "react";
import type { IconName } from "../ui/icon";
import { IconButton } from "../ui/button";
import { nextTheme, THEME_COOKIE, themeOf, type Theme } from "./theme";

const ICONS: Record<Theme, IconName> = {
  system: "monitor",
  light: "sun",
  dark: "moon",
};

/** The system's, the other one, and the one that is like it, round and round. */
export function ThemeSwitch() {
  const rendered = useSyncExternalStore(
    subscribe,
    current,
    () => "system" as const,
  );
  const [chosen, setChosen] = useState<Theme | null>(null);
  const dark = useSyncExternalStore(subscribeSystem, isDark, () => false);
  const theme = chosen ?? rendered;
  const next = nextTheme(theme, dark ? "dark" : "light");

  function choose() {
    const root = document.documentElement;
    if (next === "system") delete root.dataset["theme"];
    else root.dataset["theme"] = next;
    document.cookie = `${THEME_COOKIE}=${next}; path=/; max-age=31536000; samesite=lax`;
    setChosen(next);
  }

  return (
    <IconButton
      icon={ICONS[theme]}
      label={`Theme: ${theme}. Switch to ${next}.`}
      onClick={choose}
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

const systemIsDark = () => matchMedia("(prefers-color-scheme: dark)");

function isDark(): boolean {
  return systemIsDark().matches;
}

function subscribeSystem(listener: () => void): () => void {
  const query = systemIsDark();
  query.addEventListener("change", listener);
  return () => query.removeEventListener("change", listener);
}
