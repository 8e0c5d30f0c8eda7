/** Bytes gathered before they become a Blob, which the browser may keep on disk. */
const PART_BYTES = 4 << 20;

/** A piece of a file and its place there. */
export interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Collects a file from the encoder's pieces without ever holding it in one buffer. */
export class Chunks {
  private parts: Blob[] = [];
  private pending: Uint8Array<ArrayBuffer>[] = [];
  private pendingBytes = 0;
  private length = 0;

  /** Adds bytes at the end, or writes over what came earlier; a piece never does both. */
  push({ offset, bytes }: Piece): void {
    if (bytes.length === 0) return;
    if (offset < this.length) {
      this.overwrite(offset, bytes as Uint8Array<ArrayBuffer>);
      return;
    }
    this.pending.push(bytes as Uint8Array<ArrayBuffer>);
    this.pendingBytes += bytes.length;
    this.length += bytes.length;
    if (this.pendingBytes >= PART_BYTES) this.flush();
  }

  finish(type: string): Blob {
    this.flush();
    return new Blob(this.parts, { type });
  }

  /** Blobs do not change: those that the bytes reach into are cut around them. */
  private overwrite(offset: number, bytes: Uint8Array<ArrayBuffer>): void {
    this.flush();
    const end = offset + bytes.length;
    const parts: Blob[] = [];
    let start = 0;
    for (const part of this.parts) {
      const stop = start + part.size;
      if (stop <= offset || start >= end) {
        parts.push(part);
      } else {
        if (start < offset) parts.push(part.slice(0, offset - start));
        if (start <= offset) parts.push(new Blob([bytes]));
        if (stop > end) parts.push(part.slice(end - start));
      }
      start = stop;
    }
    this.parts = parts;
  }

  private flush(): void {
    if (this.pendingBytes === 0) return;
    this.parts.push(new Blob(this.pending));
    this.pending = [];
    this.pendingBytes = 0;
  }
}
