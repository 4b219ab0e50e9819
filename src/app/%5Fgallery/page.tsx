import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { Gallery } from "../../gallery/gallery";

export const metadata: Metadata = {
  title: "Gallery",
  robots: { index: false },
};

/** `/_gallery`: every component in every state, with made-up records. Development only. */
export default function GalleryPage() {
  if (process.env.NODE_ENV !== "development") notFound();
  return <Gallery />;
}
