import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { FunctionContext } from "../functions/context";
import { isTransaction } from "../functions/context";
import type { Runtime } from "../functions/runtime";
import type { Engine } from "../engine";
import type { TableInfo } from "../store/catalog";
import {
  deleteDocument,
  getDocument,
  insertDocument,
} from "../transaction/documents";
import type { Scope } from "../transaction/transaction";
import type { Json } from "../values/json";
import type { Bytes } from "./bytes";

const UPLOAD_MS = 60 * 60 * 1000;

type Metadata = {
  _id: string;
  sha256: string;
  size: number;
  contentType?: string;
};

/**
 * File storage. A file's bytes are on disk before its `_storage` document is
 * committed, and removed only after the document's removal is: what a document
 * names is there.
 */
export class Files {
  private runtime: Runtime | null = null;

  constructor(
    private readonly engine: Engine,
    private readonly bytes: Bytes,
    private readonly secret: string,
    /** The client origin, which serves the files. */
    private readonly origin: string,
  ) {}

  attach(runtime: Runtime): void {
    this.runtime = runtime;
    this.bytes.sweep((id) => {
      const transaction = this.engine.begin(false);
      try {
        return this.document(transaction.root, id) !== null;
      } finally {
        this.engine.end(transaction);
      }
    });
  }

  async store(
    context: FunctionContext | null,
    blob: Blob,
    options?: unknown,
  ): Promise<string> {
    const content = new Uint8Array(await blob.arrayBuffer());
    const sha256 = createHash("sha256").update(content).digest("base64");
    const expected = (options as { sha256?: string } | undefined)?.sha256;
    if (expected !== undefined && expected !== sha256) {
      throw new Error(
        `The file's SHA-256 is ${sha256}, not ${expected} as was given.`,
      );
    }
    const staged = this.bytes.stage(content);
    return this.write(context, (scope) => {
      const fields: Record<string, Json> = { sha256, size: content.length };
      if (blob.type !== "") fields["contentType"] = blob.type;
      const id = insertDocument(this.engine, scope, this.table(), fields);
      staged.keepAs(id);
      return id;
    });
  }

  async read(
    context: FunctionContext | null,
    id: string,
  ): Promise<Blob | null> {
    const found = await this.find(context, id);
    if (found === null) return null;
    const content = this.bytes.read(id);
    return new Blob([content as BlobPart], { type: found.contentType ?? "" });
  }

  async url(context: FunctionContext, id: string): Promise<string | null> {
    const found = await this.find(context, id);
    return found === null ? null : `${this.origin}/api/storage/${id}`;
  }

  async metadata(context: FunctionContext, id: string): Promise<Json> {
    const found = await this.find(context, id);
    if (found === null) return null;
    return {
      storageId: id,
      sha256: Buffer.from(found.sha256, "base64").toString("hex"),
      size: found.size,
      contentType: found.contentType ?? null,
    };
  }

  async delete(context: FunctionContext, id: string): Promise<void> {
    if (context.kind === "query") {
      throw new Error("storage.delete() is not available in queries.");
    }
    await this.write(context, (scope) => {
      deleteDocument(scope, this.table(), id);
      scope.transaction.afterCommit.push(() => this.bytes.remove(id));
    });
  }

  /** Good for an hour, for one or more uploads. */
  uploadUrl(): string {
    const until = this.engine.clock.now() + UPLOAD_MS;
    return `${this.origin}/api/storage/upload?token=${until}.${this.sign(until)}`;
  }

  /** Whether a token of `uploadUrl` is ours and not too old. */
  mayUpload(token: string): boolean {
    const [until, signature] = token.split(".");
    const expected = this.sign(Number(until));
    return (
      signature !== undefined &&
      signature.length === expected.length &&
      timingSafeEqual(Buffer.from(signature), Buffer.from(expected)) &&
      Number(until) > this.engine.clock.now()
    );
  }

  private sign(until: number): string {
    return createHmac("sha256", this.secret)
      .update(String(until))
      .digest("base64url");
  }

  private table(): TableInfo {
    return this.engine.catalog.createTable("_storage");
  }

  private document(scope: Scope, id: string): Metadata | null {
    if (this.engine.tableNames("")(id) !== "_storage") return null;
    const document = getDocument(scope, this.table(), id);
    return (document?.json ?? null) as Metadata | null;
  }

  private async find(
    context: FunctionContext | null,
    id: string,
  ): Promise<Metadata | null> {
    if (context !== null && isTransaction(context)) {
      return this.document(context.scope, id);
    }
    const transaction = this.engine.begin(false);
    try {
      return this.document(transaction.root, id);
    } finally {
      this.engine.end(transaction);
    }
  }

  private async write<T>(
    context: FunctionContext | null,
    work: (scope: Scope) => T,
  ): Promise<T> {
    if (context !== null && isTransaction(context)) return work(context.scope);
    const { result } = await (this.runtime as Runtime).transact(work);
    return result;
  }
}
