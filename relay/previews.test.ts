import { afterAll, expect, test } from "bun:test";
import { Backend, type Grant } from "./backend";
import { LIMITS } from "./limits";
import { cookieOf, Previews } from "./previews";
import { Watch } from "./watch";

const host = {
  label: `p-${"0a".repeat(16)}`,
  origin: `http://p-${"0a".repeat(16)}.localhost:3100`,
};
const watch = new Watch(new Backend("http://127.0.0.1:9", "s", LIMITS), LIMITS);
afterAll(() => watch.close());

const grantFor = (tokenId?: string): Grant => ({
  claim: {
    ...{ userId: "u", slotId: "s", generation: 1, revision: 1 },
    ...(tokenId !== undefined && { tokenId }),
  },
  purpose: { kind: "port", port: 3000 },
  target: { url: "http://127.0.0.1:9", token: "t" },
  label: host.label,
});

test("who opens a preview again keeps the way in of before; another token does not", () => {
  const previews = new Previews(watch, LIMITS);
  const opens = (key: string) => {
    const [cookie = ""] = cookieOf(host.origin, key).split(";");
    const request = new Request(host.origin, { headers: { cookie } });
    return previews.find(host, request) !== null;
  };
  const first = previews.admit(host.label, grantFor());
  const again = previews.admit(host.label, grantFor());
  expect([first, again].map(opens)).toEqual([true, true]);
  const tokens = previews.admit(host.label, grantFor("a token"));
  expect([first, again, tokens].map(opens)).toEqual([false, false, true]);
  const mine = previews.admit(host.label, grantFor());
  expect([tokens, mine].map(opens)).toEqual([false, true]);
});
