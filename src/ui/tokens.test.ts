import { expect, test } from "bun:test";

/** The palette as globals.css has it: name -> [light, dark]. */
const css = await Bun.file(`${import.meta.dir}/../app/globals.css`).text();
const palette = new Map<string, [string, string]>(
  [...css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);/g)].map(
    ([, name = "", light = "", dark = ""]) => [name, [light, dark]],
  ),
);
palette.set("on-accent", ["#ffffff", "#ffffff"]);

/** Text on ground, as it is used. */
const PAIRS: [text: string, grounds: string[]][] = [
  ["ink", ["paper", "surface", "sunken", "raised", "water"]],
  ["ink-2", ["paper", "surface", "sunken", "raised", "water"]],
  ["ink-3", ["paper", "surface", "sunken", "raised", "water"]],
  ["accent-ink", ["paper", "surface", "water", "accent-soft"]],
  ["on-accent", ["accent", "accent-hover"]],
  ["paper", ["danger"]],
  ...["ok", "warn", "danger", "busy"].map((tone): [string, string[]] => [
    tone,
    ["paper", "surface", `${tone}-soft`],
  ]),
  ...["ok", "warn", "danger", "busy", "accent"].flatMap(
    (tone): [string, string[]][] => [
      ["ink", [`${tone}-soft`]],
      ["ink-2", [`${tone}-soft`]],
      ["ink-3", [`${tone}-soft`]],
    ],
  ),
];

for (const [index, scheme] of ["light", "dark"].entries()) {
  test(`every text is readable on its ground (AA, 4.5), ${scheme}`, () => {
    const low: string[] = [];
    for (const [text, grounds] of PAIRS) {
      for (const ground of grounds) {
        const ratio = contrast(colour(text, index), colour(ground, index));
        if (ratio < 4.5) low.push(`${text} on ${ground}: ${ratio.toFixed(2)}`);
      }
    }
    expect(low).toEqual([]);
  });

  test(`edges of controls can be made out (3.0 where they carry meaning), ${scheme}`, () => {
    for (const tone of ["accent", "ok", "warn", "danger", "busy", "ink-3"]) {
      expect(
        contrast(colour(tone, index), colour("surface", index)),
      ).toBeGreaterThan(3);
    }
  });
}

function colour(name: string, scheme: number): string {
  const value = palette.get(name)?.[scheme];
  if (!value) throw new Error(`globals.css has no --${name}.`);
  return value;
}

/** WCAG 2: (lighter + 0.05) / (darker + 0.05) of the relative luminances. */
function contrast(one: string, other: string): number {
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort(
    (a, b) => b - a,
  );
  return (high + 0.05) / (low + 0.05);
}

function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
