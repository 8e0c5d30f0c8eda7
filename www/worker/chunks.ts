/** Bytes gathered before they become a Blob, which the browser may keep on disk. */
const PART_BYTES = 4 << 20;

/** Collects a file from the encoder's chunks without ever holding it in one buffer. */
export class Chunks {
  private readonly parts: Blob[] = [];
  private pending: Uint8Array<ArrayBuffer>[] = [];
  private pendingBytes = 0;

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.pending.push(chunk as Uint8Array<ArrayBuffer>);
    this.pendingBytes += chunk.length;
    if (this.pendingBytes >= PART_BYTES) this.flush();
  }

  finish(type: string): Blob {
    this.flush();
    return new Blob(this.parts, { type });
  }

  private flush(): void {
    if (this.pendingBytes === 0) return;
    this.parts.push(new Blob(this.pending));
    this.pending = [];
    this.pendingBytes = 0;
  }
}
