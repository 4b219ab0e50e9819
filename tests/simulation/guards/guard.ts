/** A text of the sources, found exactly once, and what stands there without the guard. */
export type Edit = { file: string; find: string; put: string };

export type Guard = {
  /** What goes wrong without it. */
  breaks: string;
  /** The scene that notices (scenes/). */
  scene: string;
  edits: Edit[];
  /** Another guard that hides its absence, so that both are taken out. */
  behind?: string;
};
