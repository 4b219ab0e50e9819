import type { IDisposable, Terminal } from "@xterm/xterm";
import { lookOf, onLookChange } from "./look";
import type { Size } from "./connection";

/** The painted half of a terminal. What it shows comes from strangers. */
export type Screen = {
  size(): Size;
  write(bytes: Uint8Array, painted: () => void): void;
  /** A line of ours, set off from what programs say. */
  note(words: string): void;
  focus(): void;
  dispose(): void;
};

/** Links, the clipboard, and colours of ours: what a program may say, and nobody hears. */
const DEAF_TO = [4, 8, 10, 11, 12, 52, 104, 110, 111, 112];

/** F6 goes from pane to pane; every other key is the program's. */
const LEAVE = "F6";

export async function openScreen(
  host: HTMLElement,
  on: {
    typed(text: string): void;
    resized(size: Size): void;
    leave(): void;
  },
): Promise<Screen> {
  const [{ Terminal }, { FitAddon }] = await Promise.all([
    import("@xterm/xterm"),
    import("@xterm/addon-fit"),
  ]);
  const look = lookOf(host);
  // Measured before it is there, its columns would be off. Should it not come,
  // the next in line is measured.
  const [font] = look.fontFamily.split(",");
  await Promise.allSettled([document.fonts.load(`13px ${font}`)]);
  const terminal = new Terminal({
    ...look,
    fontSize: 13,
    lineHeight: 1.25,
    scrollback: 5_000,
    cursorBlink: false,
    minimumContrastRatio: 4.5,
    screenReaderMode: true,
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(host);
  terminal.textarea?.setAttribute("aria-label", "Terminal");
  fit.fit();
  const cleanups = [
    ...deafen(terminal).map((one) => () => one.dispose()),
    onLookChange(() => {
      const { theme } = lookOf(host);
      terminal.options.theme = theme;
    }),
    follow(host, () => {
      if (host.offsetHeight > 0) fit.fit(); // behind another tab it has no size
    }),
  ];
  terminal.attachCustomKeyEventHandler((event) => {
    if (event.key !== LEAVE) return true;
    if (event.type === "keydown") on.leave();
    return false;
  });
  terminal.onData(on.typed);
  terminal.onResize(({ cols, rows }) => on.resized({ cols, rows }));
  return {
    size: () => ({ cols: terminal.cols, rows: terminal.rows }),
    write: (bytes, painted) => terminal.write(bytes, painted),
    note: (words) => terminal.write(`\x1b[90m${words}\x1b[0m\r\n`),
    focus: () => terminal.focus(),
    dispose() {
      for (const clean of cleanups) clean();
      terminal.dispose();
    },
  };
}

/** Titles are not listened to at all; these would be acted upon by xterm itself. */
function deafen({ parser }: Terminal): IDisposable[] {
  return DEAF_TO.map((code) => parser.registerOscHandler(code, () => true));
}

/** Calls back when the element has another size, once per frame. */
function follow(host: HTMLElement, callback: () => void): () => void {
  let frame = 0;
  const observer = new ResizeObserver(() => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(callback);
  });
  observer.observe(host);
  return () => {
    cancelAnimationFrame(frame);
    observer.disconnect();
  };
}
