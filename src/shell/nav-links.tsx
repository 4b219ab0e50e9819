"use client";

import Link from "next/link";
import { usePathname } from "next/navigation";
import { cx } from "../ui/cx";

const LINKS = [
  { href: "/dashboard", label: "Dashboard" },
  { href: "/settings", label: "Settings" },
] as const;

export function NavLinks() {
  const pathname = usePathname();
  return (
    <nav aria-label="Main" className="flex items-center gap-0.5 text-sm">
      {LINKS.map(({ href, label }) => {
        const here = pathname === href;
        return (
          <Link
            key={href}
            href={href}
            prefetch={false}
            aria-current={here ? "page" : undefined}
            className={cx(
              "rounded-md px-1.5 py-1.5 sm:px-2.5 transition-colors hover:bg-ink/6 hover:text-ink",
              here ? "text-ink" : "text-ink-3",
            )}
          >
            {label}
          </Link>
        );
      })}
    </nav>
  );
}
