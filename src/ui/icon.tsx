import { cx } from "./cx";

/** 16 x 16, drawn with one stroke width, so they sit beside text of any size. */
const PATHS = {
  alert: "M8 2.2 14.5 13.5h-13L8 2.2ZM8 6.5v3.2M8 11.6v.1",
  anchor:
    "M8 4.6V14M8 4.6a1.6 1.6 0 1 0 0-3.2 1.6 1.6 0 0 0 0 3.2ZM5.5 7h5M2.5 9.5c.3 2.700 2.500 4.500 5.500 4.500s5.200-1.800 5.500-4.500",
  arrow: "M3 8h10M9 4l4 4-4 4",
  arrowUp: "M8 13V3M4 7l4-4 4 4",
  arrowDown: "M8 3v10M4 9l4 4 4-4",
  box: "M8 1.800 13.500 4.800v6.400L8 14.200l-5.500-3V4.800L8 1.800ZM2.700 4.900 8 7.800l5.300-2.900M8 7.800v6.200",
  chat: "M2.500 3h11v8h-6L4 13.800V11H2.500V3Z",
  check: "M3 8.500 6.500 12 13 4.500",
  chevron: "M6 3.500 10.500 8 6 12.500",
  chevronDown: "M3.500 6 8 10.500 12.500 6",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.800V8l2.200 1.600",
  commit:
    "M8 10.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5ZM1.500 8h4M10.500 8h4",
  copy: "M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3",
  cross: "M4 4l8 8M12 4l-8 8",
  external: "M6.500 3.500h-4v10h10v-4M9 2.500h4.500V7M13.500 2.500 7.500 8.500",
  file: "M3.500 1.800h6l3 3v9.400h-9V1.800ZM9.500 1.800v3h3",
  key: "M10.500 9a3.500 3.500 0 1 0-3.300-2.300L2 12v2h2.500v-1.500H6V11l2.200-2.200c.7.200 1.500.2 2.300.2ZM11.500 4.500v.1",
  moon: "M13 9.500A5.500 5.500 0 0 1 6.500 3a5.500 5.500 0 1 0 6.500 6.500Z",
  monitor: "M2 3h12v8H2V3ZM6 13.500h4M8 11v2.500",
  panel: "M2 3h12v10H2V3ZM10 3v10",
  play: "M4.500 2.800 12.800 8l-8.300 5.200V2.800Z",
  power: "M8 2v5.500M4.500 4.200a5.200 5.200 0 1 0 7 0",
  refresh: "M13.500 8A5.500 5.500 0 1 1 11.800 4M13.500 1.800V4.500h-2.700",
  settings:
    "M2 4.500h5M11 4.500h3M9 6.300a1.800 1.800 0 1 0 0-3.600 1.800 1.800 0 0 0 0 3.600ZM2 11.500h2.500M8.500 11.500H14M6.500 13.300a1.800 1.800 0 1 0 0-3.600 1.800 1.800 0 0 0 0 3.600Z",
  shield:
    "M8 1.800 13 3.500v4c0 3.200-2 5.500-5 6.700-3-1.200-5-3.500-5-6.700v-4l5-1.700Z",
  stop: "M4 4h8v8H4z",
  sun: "M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM8 1v1.500M8 13.500V15M1 8h1.500M13.500 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  terminal:
    "M2 2.800h12v10.400H2V2.800ZM4.500 6 6.800 8 4.500 10M8.500 10.500h3",
  tool: "M9.800 2.200a3.500 3.500 0 0 0-3 5L2.200 11.800l2 2 4.600-4.600a3.500 3.500 0 0 0 5-4L11.500 7.500 9 7 8.500 4.500l2.300-2.200a3 3 0 0 0-1-.1Z",
  trash: "M2.500 4.500h11M6 4.500v-2h4v2M4 4.500l.6 9h6.800l.6-9",
  user: "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2.500 14c.5-3 2.700-4.500 5.500-4.500s5 1.500 5.500 4.500",
  waves:
    "M1.500 6c1.100 0 1.100 1 2.200 1s1.100-1 2.200-1 1 1 2.100 1 1.100-1 2.200-1 1.100 1 2.200 1 1.100-1 2.100-1M1.500 10.500c1.100 0 1.100 1 2.200 1s1.100-1 2.200-1 1 1 2.100 1 1.100-1 2.200-1 1.100 1 2.200 1 1.100-1 2.100-1",
} as const;

export type IconName = keyof typeof PATHS;

/** Decorative; the control or the text beside it carries the name. */
export function Icon({
  name,
  size = 16,
  className,
}: {
  name: IconName;
  size?: number;
  className?: string;
}) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.4"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      className={cx("shrink-0", className)}
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
