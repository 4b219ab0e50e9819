declare const SANDBOXD_VERSION: string | undefined;

/** Set by the snapshot's build: the release and the content it was made of. */
export const VERSION =
  typeof SANDBOXD_VERSION === "string" ? SANDBOXD_VERSION : "dev";
