export type Theme = "system" | "light" | "dark";

/** A cookie, not local storage: the server renders the theme, so nothing flashes. */
export const THEME_COOKIE = "slipway-theme";

export function themeOf(value: string | undefined): Theme {
  return value === "light" || value === "dark" ? value : "system";
}
