import type { CSSProperties } from "react";
import { cx } from "./cx";

/** Holds the place of what is on its way. Give it the size of what will come. */
export function Skeleton({
  className,
  style,
}: {
  className?: string;
  style?: CSSProperties;
}) {
  return (
    <div
      aria-hidden="true"
      className={cx("skeleton", className)}
      style={style}
    />
  );
}

/** Lines of text on their way; the last one is short, as in real paragraphs. */
export function SkeletonText({ lines = 3 }: { lines?: number }) {
  return (
    <div className="space-y-2.5">
      {Array.from({ length: lines }, (_, index) => (
        <Skeleton
          key={index}
          className="h-3.5"
          style={{ width: index === lines - 1 ? "58%" : `${96 - index * 3}%` }}
        />
      ))}
    </div>
  );
}
