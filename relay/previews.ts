import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Grant } from "./backend";
import type { Ending } from "./closing";
import { COOKIE } from "./headers";
import type { Limits } from "./limits";
import { Pulse, type Watch } from "./watch";

/** Browsers that hold a way in at once; who opens it in a fifth closes the first's. */
const MAX_KEYS = 4;

/** One port of one boot of one sandbox, on a host of its own. */
export class Preview {
  readonly life = new Pulse();
  usedAt = Date.now();
  private keys: Buffer[] = [];
  private readonly open = new Set<(how: Ending) => void>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private unwatch: () => void = () => {};
  private over = false;

  constructor(
    public grant: Grant,
    private readonly watch: Watch,
    private readonly limits: Limits,
    private readonly onEnd: () => void,
  ) {}

  /** Another way in; from now on its time is counted anew. */
  admit(grant: Grant): string {
    this.grant = grant;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.end("idle"), this.limits.previewLife);
    this.unwatch();
    this.unwatch = this.watch.add({
      claim: grant.claim,
      life: this.life,
      end: (how) => this.end(how),
    });
    const key = randomBytes(32).toString("base64url");
    this.keys = [...this.keys, digest(key)].slice(-MAX_KEYS);
    return key;
  }

  knows(key: string): boolean {
    const given = digest(key);
    return this.keys.some((known) => timingSafeEqual(known, given));
  }

  /** Takes a place for a request; how to leave it, or null where there is none. */
  enter(end: (how: Ending) => void): (() => void) | null {
    if (this.over || this.open.size >= this.limits.requestsPerPreview) {
      return null;
    }
    this.usedAt = Date.now();
    this.open.add(end);
    return () => void this.open.delete(end);
  }

  end(how: Ending): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.timer);
    this.unwatch();
    for (const end of [...this.open]) end(how);
    this.onEnd();
  }
}

/** All that are open, by the name in front of the relay's. In memory: a restart closes them. */
export class Previews {
  private readonly all = new Map<string, Preview>();

  constructor(
    private readonly watch: Watch,
    private readonly limits: Limits,
  ) {}

  /** Opens what a ticket was good for; answers the key for the browser's cookie. */
  admit(label: string, grant: Grant): string {
    let preview = this.all.get(label);
    // What a token opened ends with that token: no later claim stands for it.
    if (preview && preview.grant.claim.tokenId !== grant.claim.tokenId) {
      preview.end("access_withdrawn");
      preview = undefined;
    }
    if (!preview) {
      this.makeRoom(grant.claim.userId);
      preview = new Preview(grant, this.watch, this.limits, () =>
        this.all.delete(label),
      );
      this.all.set(label, preview);
    }
    return preview.admit(grant);
  }

  /** The preview a browser holds a key to. */
  find(
    { label, origin }: { label: string; origin: string },
    request: Request,
  ): Preview | null {
    const preview = this.all.get(label);
    const key = keyOf(request, origin);
    return preview && key && preview.knows(key) ? preview : null;
  }

  private makeRoom(userId: string): void {
    const theirs = [...this.all.values()]
      .filter(({ grant }) => grant.claim.userId === userId)
      .sort((a, b) => a.usedAt - b.usedAt);
    const excess = theirs.length + 1 - this.limits.previewsPerUser;
    for (const preview of theirs.slice(0, Math.max(0, excess))) {
      preview.end("too_many");
    }
  }
}

/** Over https only a host itself can set a cookie of this name: no neighbour, no page over http. */
const cookieName = (origin: string) =>
  origin.startsWith("https:") ? `__Host-${COOKIE}` : COOKIE;

export function cookieOf(origin: string, key: string): string {
  const secure = origin.startsWith("https:") ? "; Secure" : "";
  return `${cookieName(origin)}=${key}; Path=/; HttpOnly; SameSite=Lax${secure}`;
}

function keyOf(request: Request, origin: string): string | null {
  const pattern = new RegExp(`(?:^|;\\s*)${cookieName(origin)}=([\\w-]{43})`);
  return pattern.exec(request.headers.get("cookie") ?? "")?.[1] ?? null;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
