import { expect, test } from "bun:test";
import { askHereDirectly } from "./proxies";

test("what is on this machine is not asked for at a proxy", async () => {
  using part = Bun.serve({ port: 0, fetch: () => new Response("the part") });
  using proxy = Bun.serve({ port: 0, fetch: () => new Response("the proxy") });
  const env: Record<string, string | undefined> = {
    PATH: process.env.PATH,
    HTTP_PROXY: proxy.url.origin,
    no_proxy: "intranet",
  };
  askHereDirectly(env);
  expect(env.NO_PROXY).toBe("intranet,127.0.0.1,localhost,::1");
  const ask = `console.log(await (await fetch("http://127.0.0.1:${part.port}/")).text());`;
  const child = Bun.spawn([process.execPath, "-e", ask], { env });
  expect(await new Response(child.stdout).text()).toBe("the part\n");
});

test("without a proxy nothing is set", () => {
  const env = { PATH: "/bin" };
  askHereDirectly(env);
  expect(env).toEqual({ PATH: "/bin" });
});
