"use client";

import { ConvexReactClient } from "convex/react";
import dynamic from "next/dynamic";
import {
  createContext,
  Fragment,
  useContext,
  useState,
  type ReactNode,
} from "react";
import type { BrowserConfig } from "../config";
import { clientLog } from "../data/client-log";
import { useIdentity } from "../identity/identity";
import { LocalIdentity } from "../identity/local-identity";
import { NoIdentity } from "../identity/no-identity";
import { useFocusKept } from "../ui/focus-home";
import { ConnectionBanner } from "./connection-banner";

const ClerkIdentity = dynamic(() =>
  import("../identity/clerk-identity").then((module) => module.ClerkIdentity),
);

const ConfigContext = createContext<BrowserConfig | null>(null);

/** Where things are, as the server said when it rendered the page. */
export function useConfig(): BrowserConfig {
  const config = useContext(ConfigContext);
  if (!config) throw new Error("useConfig needs <Providers> above it.");
  return config;
}

export function Providers({
  config,
  nonce,
  children,
}: {
  config: BrowserConfig;
  /** Of this page's Content-Security-Policy. */
  nonce: string | undefined;
  children: ReactNode;
}) {
  const [client] = useState(
    () => new ConvexReactClient(config.convexUrl, { logger: clientLog }),
  );
  useFocusKept();
  const inner = (
    <PerPerson>
      {children}
      <ConnectionBanner />
    </PerPerson>
  );
  return (
    <ConfigContext value={config}>
      {config.identity.kind === "local" ? (
        <LocalIdentity client={client}>{inner}</LocalIdentity>
      ) : config.identity.kind === "clerk" ? (
        <ClerkIdentity
          client={client}
          nonce={nonce}
          publishableKey={config.identity.publishableKey}
        >
          {inner}
        </ClerkIdentity>
      ) : (
        <NoIdentity client={client}>{inner}</NoIdentity>
      )}
    </ConfigContext>
  );
}

/**
 * Throws away everything a former user's pages held when the user changes, also from
 * another tab. Learning who it is, and signing in, take nothing from anybody.
 */
function PerPerson({ children }: { children: ReactNode }) {
  const { name, signedIn } = useIdentity();
  const known = signedIn === null ? undefined : name;
  const [seen, setSeen] = useState({ name: known, epoch: 0 });
  if (known !== undefined && known !== seen.name) {
    setSeen({
      name: known,
      epoch: seen.name ? seen.epoch + 1 : seen.epoch,
    });
  }
  return <Fragment key={seen.epoch}>{children}</Fragment>;
}
