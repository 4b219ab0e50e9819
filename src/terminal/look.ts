import type { ITheme } from "@xterm/xterm";

/** Sixteen colours on chart paper, and on the night's; xterm raises what is too faint. */
const DAY = {
  black: "#0e1a20",
  red: "#ae1440",
  green: "#0d7350",
  yellow: "#865400",
  blue: "#0b5c86",
  magenta: "#7a3aa0",
  cyan: "#0b6684",
  white: "#5b6a71",
  brightBlack: "#5b6a71",
  brightRed: "#c4401a",
  brightGreen: "#0d7350",
  brightYellow: "#865400",
  brightBlue: "#0b6684",
  brightMagenta: "#8d4ab5",
  brightCyan: "#0b6684",
  brightWhite: "#0e1a20",
};
const NIGHT = {
  black: "#0b1114",
  red: "#ff7b96",
  green: "#4cc692",
  yellow: "#e0ab4d",
  blue: "#6fb3f2",
  magenta: "#d3a0f0",
  cyan: "#62c1dd",
  white: "#aebbc1",
  brightBlack: "#869499",
  brightRed: "#ff8259",
  brightGreen: "#7fe0b6",
  brightYellow: "#f0c878",
  brightBlue: "#9bcbf7",
  brightMagenta: "#e3c1f7",
  brightCyan: "#93d9ec",
  brightWhite: "#e9eff1",
};

/**
 * Colours and font of an element as the browser has computed them. xterm paints
 * by itself and knows neither our variables nor light-dark().
 */
export function lookOf(element: HTMLElement): {
  theme: ITheme;
  fontFamily: string;
} {
  const { color, backgroundColor, fontFamily } = getComputedStyle(element);
  const theme = {
    ...(isDark(backgroundColor) ? NIGHT : DAY),
    background: backgroundColor,
    foreground: color,
    cursor: color,
    cursorAccent: backgroundColor,
    selectionBackground: "rgba(196, 64, 26, 0.35)",
  };
  return { theme, fontFamily };
}

function isDark(color: string): boolean {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map(
    Number,
  );
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}

/** Calls back whenever the page changes between day and night. Answers how to stop. */
export function onLookChange(callback: () => void): () => void {
  const chosen = new MutationObserver(callback);
  chosen.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", callback);
  return () => {
    chosen.disconnect();
    system.removeEventListener("change", callback);
  };
}
