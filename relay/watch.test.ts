import { expect, test } from "bun:test";
import { Backend, type Grant, type Life } from "./backend";
import { LIMITS } from "./limits";
import { Previews } from "./previews";
import { Pulse, Watch } from "./watch";

const host = {
  label: `p-${"0a".repeat(16)}`,
  origin: `http://p-${"0a".repeat(16)}.localhost:3100`,
};
const claim = { userId: "u", slotId: "s", generation: 1, revision: 1 };
const grant: Grant = {
  claim,
  purpose: { kind: "port", port: 3000 },
  target: { url: "http://127.0.0.1:9", token: "t" },
  label: host.label,
};

/** A backend whose answers to looks wait for the test. */
async function startLooks() {
  type Look = {
    open: ({ claim: typeof claim } & Life)[];
    say: (r: Response) => void;
  };
  const looks: Look[] = [];
  let told = () => {};
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { open } = (await request.json()) as Pick<Look, "open">;
      return await new Promise<Response>((say) => {
        looks.push({ open, say });
        told();
      });
    },
  });
  const next = async (): Promise<Look> => {
    while (looks.length === 0) {
      await new Promise<void>((resolve) => (told = resolve));
    }
    return looks.shift()!;
  };
  return { url: server.url.origin, next, close: () => server.stop(true) };
}

const changed = Response.json.bind(null, { verdicts: ["sandbox_changed"] });
const broken = () => new Response("no", { status: 500 });

for (const [what, answer] of [
  ["that it may not stay", changed],
  ["nothing", broken],
] as const) {
  test(`a look under way says ${what}: what was opened anew meanwhile stays`, async () => {
    const looks = await startLooks();
    const limits = { ...LIMITS, recheck: 5, failedLooks: 1 };
    const backend = new Backend(looks.url, "s", limits);
    const watch = new Watch(backend, limits);
    try {
      const previews = new Previews(watch, limits);
      previews.admit(host.label, grant);
      const before = await looks.next();
      const later = { ...claim, revision: 2 };
      const key = previews.admit(host.label, { ...grant, claim: later });
      before.say(answer());
      // The next one is asked once the first is dealt with.
      const after = await looks.next();
      expect(after.open.map((one) => one.claim)).toEqual([later]);
      const cookie = `slipway-preview=${key}`;
      const request = new Request(host.origin, { headers: { cookie } });
      expect(previews.find(host, request)).not.toBeNull();
      after.say(changed());
      while (previews.find(host, request)) await Bun.sleep(1);
    } finally {
      watch.close();
      await looks.close();
    }
  });
}

test("what nobody can be asked about stays for a while, and then ends", async () => {
  const looks = await startLooks();
  const limits = { ...LIMITS, recheck: 5, failedLooks: 2 };
  const watch = new Watch(new Backend(looks.url, "s", limits), limits);
  try {
    const ended = Promise.withResolvers<string>();
    let open = true;
    const off = watch.add({
      claim,
      life: new Pulse(),
      end: (how) => {
        off();
        open = false;
        ended.resolve(how);
      },
    });
    (await looks.next()).say(broken());
    // The next one is asked once the first is dealt with.
    const second = await looks.next();
    expect(open).toBe(true);
    second.say(broken());
    expect(await ended.promise).toBe("unchecked");
  } finally {
    watch.close();
    await looks.close();
  }
});

test("what opens after others went unasked has its own time, and its typing is told", async () => {
  const looks = await startLooks();
  const limits = { ...LIMITS, recheck: 5, failedLooks: 2 };
  const watch = new Watch(new Backend(looks.url, "s", limits), limits);
  try {
    const ended: string[] = [];
    const add = (name: string) => {
      const life = new Pulse();
      const end = () => (off(), ended.push(name));
      const off = watch.add({ claim, life, end });
      return life;
    };
    add("first");
    const before = await looks.next();
    const life = add("later");
    before.say(broken());
    life.typed = true;
    (await looks.next()).say(broken());
    const { open, say } = await looks.next();
    expect(ended).toEqual(["first"]);
    expect(open).toEqual([{ claim, active: false, typed: true }]);
    say(Response.json({ verdicts: ["ok"] }));
  } finally {
    watch.close();
    await looks.close();
  }
});

test("a look that is answered makes up for those that were not", async () => {
  const looks = await startLooks();
  const limits = { ...LIMITS, recheck: 5, failedLooks: 2 };
  const watch = new Watch(new Backend(looks.url, "s", limits), limits);
  try {
    let open = true;
    watch.add({ claim, life: new Pulse(), end: () => (open = false) });
    const well = () => Response.json({ verdicts: ["ok"] });
    for (const answer of [broken, well, broken, well]) {
      (await looks.next()).say(answer());
    }
    await looks.next();
    expect(open).toBe(true);
  } finally {
    watch.close();
    await looks.close();
  }
});
