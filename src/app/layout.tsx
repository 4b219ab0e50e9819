import "./globals.css";
import type { Metadata, Viewport } from "next";
import localFont from "next/font/local";
import { cookies, headers } from "next/headers";
import { connection } from "next/server";
import type { ReactNode } from "react";
import { readConfiguration } from "../config";
import { Providers } from "../shell/providers";
import { OperatorNotice } from "../shell/operator-notice";
import { THEME_COOKIE, themeOf } from "../shell/theme";

const geist = localFont({
  src: "../../node_modules/@fontsource-variable/geist/files/geist-latin-wght-normal.woff2",
  variable: "--font-geist",
  weight: "100 900",
});
const geistMono = localFont({
  src: "../../node_modules/@fontsource-variable/geist-mono/files/geist-mono-latin-wght-normal.woff2",
  variable: "--font-geist-mono",
  weight: "100 900",
});

export const metadata: Metadata = {
  title: { default: "Slipway", template: "%s · Slipway" },
  description:
    "Launch an AI agent with any Agent Skill in a sandbox of its own, straight from a link.",
};

export const viewport: Viewport = {
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#f5f7f7" },
    { media: "(prefers-color-scheme: dark)", color: "#0b1114" },
  ],
};

export default async function RootLayout({
  children,
}: {
  children: ReactNode;
}) {
  await connection(); // the environment is read per request, never at build time
  const configuration = readConfiguration();
  const theme = themeOf((await cookies()).get(THEME_COOKIE)?.value);
  return (
    <html
      lang="en"
      data-theme={theme === "system" ? undefined : theme}
      className={`${geist.variable} ${geistMono.variable}`}
    >
      <body className="min-h-dvh">
        {configuration.ok ? (
          <Providers
            config={configuration.config}
            nonce={(await headers()).get("x-nonce") ?? undefined}
          >
            {children}
          </Providers>
        ) : (
          <OperatorNotice
            problem={configuration.problem}
            next={configuration.next}
          />
        )}
      </body>
    </html>
  );
}
