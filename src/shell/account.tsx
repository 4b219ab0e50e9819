"use client";

import Link from "next/link";
import { usePathname } from "next/navigation";
import { useEffect, useRef } from "react";
import { useAuthState, useIdentity } from "../identity/identity";
import { signInPath } from "../routes";
import { ButtonLink } from "../ui/button";
import { Icon } from "../ui/icon";
import { Skeleton } from "../ui/skeleton";

/** Who is signed in, and the way in or out. The same width while it is being found out. */
export function Account() {
  const auth = useAuthState();
  const { name, switches, signOut } = useIdentity();
  const pathname = usePathname();
  const menu = useRef<HTMLDetailsElement>(null);

  useEffect(() => {
    function close(event: Event) {
      const element = menu.current;
      if (!element?.open) return;
      if (event instanceof KeyboardEvent && event.key !== "Escape") return;
      if (event.target instanceof Node && element.contains(event.target)) {
        if (!(event instanceof KeyboardEvent)) return;
        element.querySelector("summary")?.focus();
      }
      element.open = false;
    }
    addEventListener("pointerdown", close);
    addEventListener("keydown", close);
    return () => {
      removeEventListener("pointerdown", close);
      removeEventListener("keydown", close);
    };
  }, []);

  // The bar stays where its pages change.
  useEffect(() => {
    if (menu.current) menu.current.open = false;
  }, [pathname]);

  if (auth === "loading")
    return <Skeleton className="h-8 w-12 rounded-md sm:w-20" />;
  if (auth === "signed-out" || !name) {
    // There it would lead away from where the person was going.
    if (pathname.startsWith("/sign-in")) return null;
    return (
      <ButtonLink
        href={signInPath(pathname)}
        size="sm"
        variant="secondary"
        className="sm:min-w-20"
      >
        Sign in
      </ButtonLink>
    );
  }
  return (
    <details ref={menu} className="relative">
      <summary className="flex h-8 items-center sm:min-w-20 gap-2 rounded-md pr-1.5 pl-1 text-sm text-ink-2 transition-colors hover:bg-ink/6 hover:text-ink">
        <span className="grid size-6 place-items-center rounded-full bg-ink text-2xs font-semibold text-paper uppercase">
          {[...name][0]}
        </span>
        <span className="max-w-28 truncate max-sm:sr-only">{name}</span>
        <Icon name="chevronDown" size={12} />
      </summary>
      <div className="absolute right-0 z-40 mt-1.5 w-52 animate-rise rounded-lg border border-line bg-raised p-1.5 text-sm shadow-lift">
        <p className="truncate px-2.5 py-1.5 text-xs text-ink-3">
          Signed in as {name}
        </p>
        <Link href="/settings" prefetch={false} className={ITEM}>
          <Icon name="settings" /> Settings
        </Link>
        {switches ? (
          <Link href="/sign-in" prefetch={false} className={ITEM}>
            <Icon name="user" /> Switch person
          </Link>
        ) : null}
        <button type="button" onClick={signOut} className={ITEM}>
          <Icon name="power" /> Sign out
        </button>
      </div>
    </details>
  );
}

const ITEM =
  "flex w-full items-center gap-2.5 rounded-md px-2.5 py-2 text-left text-ink-2 transition-colors hover:bg-ink/6 hover:text-ink";
