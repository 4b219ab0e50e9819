import Link from "next/link";
import { Mark, Wordmark } from "../brand/logo";
import { Account } from "./account";
import { NavLinks } from "./nav-links";
import { ThemeSwitch } from "./theme-switch";

/** The bar at the top of every page but a conversation; its open menu is over the connection's banner. */
export function AppBar() {
  return (
    <header className="sticky top-0 z-30 has-[details[open]]:z-60 border-b border-line bg-paper/85 backdrop-blur-md">
      <div className="mx-auto flex h-14 max-w-6xl items-center gap-2 px-4 sm:gap-5 sm:px-6">
        <Link
          href="/"
          aria-label="Slipway, home"
          className="-ml-1 flex items-center gap-2.5 rounded-md p-1"
        >
          <Mark size={26} />
          <span className="max-[26rem]:hidden">
            <Wordmark height={21} />
          </span>
        </Link>
        <NavLinks />
        <div className="ml-auto flex items-center gap-1.5 sm:gap-2.5">
          <ThemeSwitch />
          <Account />
        </div>
      </div>
    </header>
  );
}
