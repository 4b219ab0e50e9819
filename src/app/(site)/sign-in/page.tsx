import type { Metadata } from "next";
import { SignInScreen } from "../../../identity/sign-in-screen";
import { localPath } from "../../../routes";

export const metadata: Metadata = { title: "Sign in" };

export default async function SignInPage({
  searchParams,
}: {
  searchParams: Promise<{ next?: string | string[] }>;
}) {
  const { next } = await searchParams;
  const wanted = Array.isArray(next) ? next[0] : next;
  return (
    <SignInScreen next={wanted === undefined ? null : localPath(wanted)} />
  );
}
