import { expect, test } from "bun:test";
import { renderToStaticMarkup } from "react-dom/server";
import { Markdown, safeHref } from "./markdown";

const html = (text: string) => renderToStaticMarkup(<Markdown text={text} />);

test("HTML in a skill is text", () => {
  const out = html('Hello <script>alert(1)</script> <img src=x onerror="a()">');
  expect(out).not.toContain("<script");
  expect(out).not.toContain("<img");
});

test("a picture is its alternative text; nothing is fetched", () => {
  const out = html("![A chart](https://tracker.example/p.png)");
  expect(out).not.toContain("tracker.example");
  expect(out).toContain("Picture: A chart");
});

test("only http and https links can be followed", () => {
  expect(safeHref("https://a.example/x")).toBe("https://a.example/x");
  expect(safeHref("javascript:alert(1)")).toBeNull();
  expect(safeHref("JaVaScript:alert(1)")).toBeNull();
  expect(safeHref("data:text/html,x")).toBeNull();
  expect(safeHref("//evil.example")).toBe("https://evil.example/");
  expect(safeHref("#top")).toBeNull();
  expect(html("[x](javascript:alert(1))")).not.toContain("href");
  expect(html("[x](https://a.example)")).toContain('rel="noopener nofollow"');
});

test("a relative link leads where the page says, or nowhere", () => {
  expect(safeHref("references/a.md")).toBeNull();
  const at = (href: string) => `https://host.example/blob/${href}`;
  expect(safeHref("references/a.md", at)).toBe(
    "https://host.example/blob/references/a.md",
  );
});

test("what is tangled is shown as it is, at once", () => {
  for (const text of [
    ">".repeat(40_000),
    `${"![".repeat(5_000)}${"](x)".repeat(5_000)}`,
    `${"*a ".repeat(5_000)}${"b*".repeat(5_000)}`,
    "a\n=\n".repeat(40_000),
    `${"- ".repeat(200)}a`,
  ]) {
    expect(html(text)).toStartWith("<pre");
  }
});
