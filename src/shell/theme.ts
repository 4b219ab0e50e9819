export type Theme = "system" | "light" | "dark";

/** A cookie, not local storage: the server renders the theme, so nothing flashes. */
export const THEME_COOKIE = "slipway-theme";

export function themeOf(value: string | undefined): Theme {
  return value === "light" || value === "dark" ? value : "system";
}

/**
 * What the button chooses next: from the system's first what looks different, or
 * its press would seem to do nothing; then the other, then the system's again.
 */
export function nextTheme(theme: Theme, system: "light" | "dark"): Theme {
  const opposite = system === "light" ? "dark" : "light";
  if (theme === "system") return opposite;
  return theme === opposite ? system : "system";
}
