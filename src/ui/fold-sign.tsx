import { cx } from "./cx";
import { Icon } from "./icon";

/** The sign in a `summary`; it turns as its `details` open. */
export function FoldSign({ className }: { className?: string }) {
  return (
    <Icon
      name="chevron"
      size={12}
      className={cx(
        "transition-transform [details[open]>summary>&]:rotate-90",
        className,
      )}
    />
  );
}
