import { EncodeError } from '../shared/errors.js';
import type { SinkChoice } from '../shared/protocol.js';
import { Chunks, type Piece } from './chunks.js';

/** Guessed bytes of a result from which on it goes to the browser's storage rather than into a Blob. */
const SMALL_BYTES = 16e6;

/** Where the pieces of an encoded file go. */
export interface Sink {
  /** Name in the browser's storage; undefined elsewhere. */
  readonly stored: string | undefined;
  /** Takes a piece; a promise asks to wait before the next. */
  write(piece: Piece): Promise<void> | undefined;
  /** The whole file. */
  finish(type: string): Promise<Blob>;
  /** Lets go of the file without a result; the page removes what stays. */
  abandon(): Promise<void>;
}

/** What a sink is chosen by. */
export interface SinkOptions {
  readonly choice: SinkChoice;
  /** Folder and file in the browser's storage; null where there is none. */
  readonly place: { readonly folder: string; readonly file: string } | null;
  readonly guessedBytes: number;
}

/** Opens the chosen file; else a file in the browser's storage for a large result; else Blob parts. */
export async function openSink({ choice, place, guessedBytes }: SinkOptions): Promise<Sink> {
  if (typeof choice === 'object') return HandleSink.open(choice);
  if (place && (choice === 'storage' || (choice === 'auto' && guessedBytes >= SMALL_BYTES))) {
    try {
      return await StoredSink.open(place.folder, place.file);
    } catch (refusal) {
      if (choice === 'storage' || isFull(refusal)) throw fault(refusal, 'the browser’s storage');
      // A private window may have no storage: parts in memory do there.
    }
  } else if (choice === 'storage') {
    throw new EncodeError('This browser gives the page no storage for files.', 'Leave the option sink out, or open the page over https.');
  }
  return new MemorySink();
}

class MemorySink implements Sink {
  readonly stored = undefined;
  private readonly chunks = new Chunks();

  write(piece: Piece): undefined {
    this.chunks.push(piece);
  }

  async finish(type: string): Promise<Blob> {
    return this.chunks.finish(type);
  }

  async abandon(): Promise<void> {}
}

/** A file of the origin's private file system, written in place at the pieces' offsets. */
class StoredSink implements Sink {
  readonly stored: string;
  private readonly handle: FileSystemFileHandle;
  private readonly access: FileSystemSyncAccessHandle;

  private constructor(handle: FileSystemFileHandle, access: FileSystemSyncAccessHandle) {
    this.handle = handle;
    this.access = access;
    this.stored = handle.name;
  }

  static async open(path: string, name: string): Promise<StoredSink> {
    let folder = await navigator.storage.getDirectory();
    for (const part of path.split('/')) folder = await folder.getDirectoryHandle(part, { create: true });
    const handle = await folder.getFileHandle(name, { create: true });
    return new StoredSink(handle, await handle.createSyncAccessHandle());
  }

  write({ offset, bytes }: Piece): undefined {
    try {
      const written = this.access.write(bytes as Uint8Array<ArrayBuffer>, { at: offset });
      if (written !== bytes.length) throw new DOMException('the file took only a part', 'QuotaExceededError');
    } catch (cause) {
      throw fault(cause, 'the browser’s storage');
    }
  }

  async finish(type: string): Promise<Blob> {
    try {
      this.access.flush();
      this.access.close();
      const file = await this.handle.getFile();
      return file.slice(0, file.size, type);
    } catch (cause) {
      throw fault(cause, 'the browser’s storage');
    }
  }

  async abandon(): Promise<void> {
    this.access.close();
  }
}

/** A file that the user chose. The browser writes aside and puts the whole file there at the end. */
class HandleSink implements Sink {
  readonly stored = undefined;
  private readonly handle: FileSystemFileHandle;
  private readonly stream: FileSystemWritableFileStream;

  private constructor(handle: FileSystemFileHandle, stream: FileSystemWritableFileStream) {
    this.handle = handle;
    this.stream = stream;
  }

  static async open(handle: FileSystemFileHandle): Promise<HandleSink> {
    try {
      return new HandleSink(handle, await handle.createWritable());
    } catch (cause) {
      throw fault(cause, `the file ${handle.name}`);
    }
  }

  async write({ offset, bytes }: Piece): Promise<void> {
    try {
      await this.stream.write({ type: 'write', position: offset, data: bytes as Uint8Array<ArrayBuffer> });
    } catch (cause) {
      throw fault(cause, `the file ${this.handle.name}`);
    }
  }

  async finish(type: string): Promise<Blob> {
    try {
      await this.stream.close();
      const file = await this.handle.getFile();
      return file.slice(0, file.size, type);
    } catch (cause) {
      throw fault(cause, `the file ${this.handle.name}`);
    }
  }

  async abandon(): Promise<void> {
    await this.stream.abort().catch(() => {});
  }
}

function isFull(cause: unknown): boolean {
  return cause instanceof Error && cause.name === 'QuotaExceededError';
}

function fault(cause: unknown, where: string): EncodeError {
  if (isFull(cause)) {
    return new EncodeError(`There is no room left for the result in ${where}.`, 'Free space on the disk, remove finished pictures, or choose a smaller size.', cause);
  }
  const why = cause instanceof Error ? cause.message.replace(/\.$/, '') : String(cause);
  return new EncodeError(`The result could not be written to ${where}: ${why}.`, 'Choose another place for it, then try again.', cause);
}
