/** The last `limit` bytes of a stream that may never end. */
export class Ring {
  private chunks: Buffer[] = [];
  private size = 0;
  private total = 0;

  constructor(private readonly limit: number) {}

  /** Bytes that came in and are no longer held. */
  get dropped(): number {
    return Math.max(0, this.total - this.limit);
  }

  push(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.size += chunk.length;
    this.total += chunk.length;
    for (let first = this.chunks[0]; first; first = this.chunks[0]) {
      if (this.size - first.length < this.limit) return;
      this.chunks.shift();
      this.size -= first.length;
    }
  }

  toString(): string {
    return Buffer.concat(this.chunks).subarray(-this.limit).toString();
  }
}
