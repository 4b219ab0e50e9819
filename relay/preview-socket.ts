import { CLOSES, type Ending } from "./closing";
import { addressOf, headersOf, type PreviewHost } from "./preview-http";
import type { Preview } from "./previews";
import {
  endAs,
  openFar,
  Pace,
  socketUrl,
  type Far,
  type Near,
  type NearEnd,
} from "./sockets";
import type { Limits } from "./limits";

/** A WebSocket of a preview's page to the server it came from. */
export class PreviewSocket implements NearEnd {
  private near: Near | null = null;
  private pace: Pace | null = null;
  private over = false;

  private constructor(
    private readonly far: Far,
    private readonly preview: Preview,
    private readonly limits: Limits,
    private leave: () => void,
  ) {}

  /**
   * Opens the far half first, so that a refusal can still be an HTTP answer.
   * Null where there is no room, or the preview ended meanwhile. Throws Error
   * where nobody takes it.
   */
  static async open(
    preview: Preview,
    request: Request,
    url: URL,
    host: PreviewHost,
    limits: Limits,
  ): Promise<PreviewSocket | null> {
    let socket: PreviewSocket | null = null;
    let ended = false; // there may be no socket yet that could be told
    const leave = preview.enter((how) => {
      ended = true;
      socket?.end(how);
    });
    if (!leave) return null;
    const offered = request.headers.get("sec-websocket-protocol");
    try {
      const far = await openFar(socketUrl(addressOf(preview, url)), limits, {
        headers: Object.fromEntries(headersOf(preview, request, host)),
        protocols: offered?.split(",").map((one) => one.trim()) ?? [],
      });
      if (ended) {
        far.terminate();
        leave();
        return null;
      }
      socket = new PreviewSocket(far, preview, limits, leave);
      return socket;
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** The subprotocol the server chose. */
  get protocol(): string {
    return this.far.protocol;
  }

  opened(near: Near): void {
    const { far } = this;
    this.near = near;
    const pace = new Pace(near, far, this.limits);
    this.pace = pace;
    far.on("message", (data, isBinary) => {
      this.preview.life.active = true;
      const message = data as Buffer;
      const fits = pace.toNear(
        isBinary ? Buffer.from(message) : message.toString(),
      );
      if (!fits) this.end("too_much");
    });
    far.on("close", (code, reason) => {
      this.finish();
      endAs(near, code, reason.toString());
    });
    if (far.readyState === far.OPEN) far.resume();
    else this.end("unreachable");
  }

  message(message: string | Buffer): void {
    if (!this.pace?.toFar(message)) this.end("too_much");
  }

  drained(): void {
    this.pace?.drained();
  }

  closed(code: number, reason: string): void {
    // One that is made to wait would not hear the answer to a polite close.
    if (this.far.isPaused) this.far.terminate();
    else endAs(this.far, code, reason);
    this.finish();
  }

  end(how: Ending): void {
    this.finish();
    this.far.terminate();
    this.near?.close(CLOSES[how], how);
  }

  /** Also where the browser was gone before it was served. */
  finish(): void {
    if (this.over) return;
    this.over = true;
    this.pace?.end();
    this.leave();
  }
}
