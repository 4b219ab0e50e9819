import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

/** Where the bytes of stored files are kept, by storage id. */
export interface Bytes {
  /** Takes the content in; `keepAs` gives it its id (the last one counts). */
  stage(content: Uint8Array): { keepAs(id: string): void };
  read(id: string): Uint8Array;
  remove(id: string): void;
  removeAll(): void;
  /** Removes what a crash left behind: bytes whose document never came to be. */
  sweep(wanted: (id: string) => boolean): void;
}

export class BytesInMemory implements Bytes {
  private readonly contents = new Map<string, Uint8Array>();

  stage(content: Uint8Array) {
    let name: string | null = null;
    return {
      keepAs: (id: string) => {
        if (name !== null) this.contents.delete(name);
        this.contents.set(id, content);
        name = id;
      },
    };
  }

  read(id: string): Uint8Array {
    const content = this.contents.get(id);
    if (content === undefined)
      throw new Error(`No bytes are stored for ${id}.`);
    return content;
  }

  remove(id: string): void {
    this.contents.delete(id);
  }

  removeAll(): void {
    this.contents.clear();
  }

  sweep(): void {}
}

export class BytesOnDisk implements Bytes {
  private staged = 0;

  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true });
  }

  stage(content: Uint8Array) {
    let path = join(this.folder, `staged-${process.pid}-${++this.staged}`);
    const file = openSync(path, "wx");
    try {
      let written = 0;
      while (written < content.length) {
        written += writeSync(file, content, written);
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    return {
      keepAs: (id: string) => {
        const target = join(this.folder, id);
        renameSync(path, target);
        path = target;
        syncFolder(this.folder);
      },
    };
  }

  read(id: string): Uint8Array {
    return new Uint8Array(readFileSync(join(this.folder, id)));
  }

  remove(id: string): void {
    rmSync(join(this.folder, id), { force: true });
  }

  removeAll(): void {
    for (const name of readdirSync(this.folder)) this.remove(name);
  }

  sweep(wanted: (id: string) => boolean): void {
    for (const name of readdirSync(this.folder)) {
      if (!wanted(name)) this.remove(name);
    }
  }
}

/** Makes a rename itself durable. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
