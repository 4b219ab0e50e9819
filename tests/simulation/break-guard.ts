import { plugin } from "bun";
import { GUARDS, type Edit } from "./guards";

const CONVEX = `${import.meta.dir.replace(/tests\/simulation$/, "convex")}/`;

/**
 * Takes one guard out of the functions that this process will load. Nothing is
 * written: the sources are changed on their way in.
 *
 * @throws Error if the guard is not to be found as the table says
 */
export function applyGuard(name: string): void {
  const guard = GUARDS[name];
  if (!guard) throw new Error(`There is no guard named "${name}".`);
  const files = Map.groupBy(guard.edits, ({ file }) => file);
  plugin({
    name: `without ${name}`,
    setup(build) {
      for (const [file, edits] of files) {
        const path = `${CONVEX}${file}`;
        const filter = new RegExp(`${path.replaceAll(/[.\\/]/g, "\\$&")}$`);
        build.onLoad({ filter }, async () => ({
          contents: edits.reduce(edited, await Bun.file(path).text()),
          loader: "ts",
        }));
      }
    },
  });
}

function edited(source: string, { file, find, put }: Edit): string {
  const parts = source.split(find);
  if (parts.length !== 2) {
    throw new Error(
      `${file} has ${parts.length - 1} places that read "${find}"; the table of guards needs one.`,
    );
  }
  return parts.join(put);
}
