/**
 * Rows of a PNG as our encoder writes it, for the viewer: not interlaced, grey or RGB with or without alpha, 8 or 16 bits.
 * The browser inflates; filters are those of the PNG specification (W3C, third edition, section 9).
 */

import { LARGEST_PROFILE } from './profile.js';

/** Rows of a picture, as RGBA of 8 bits. */
export interface Rows {
  readonly width: number;
  readonly height: number;
  /** The ICC profile that the samples are meant for; undefined: sRGB. */
  readonly profile: Uint8Array<ArrayBuffer> | undefined;
  readonly rows: AsyncIterable<Uint8ClampedArray>;
}

const [ICCP, IDAT, IEND] = [0x69434350, 0x49444154, 0x49454e44];
const CHANNELS: Record<number, number> = { 0: 1, 2: 3, 4: 2, 6: 4 };

/** Opens a PNG; undefined for one of another kind. */
export async function pngRows(file: Blob): Promise<Rows | undefined> {
  const head = new DataView(await file.slice(0, 33).arrayBuffer());
  if (head.byteLength < 33 || head.getUint32(0) !== 0x89504e47) return undefined;
  const [width, height, depth, colour] = [head.getUint32(16), head.getUint32(20), head.getUint8(24), head.getUint8(25)];
  const channels = CHANNELS[colour];
  if (!channels || (depth !== 8 && depth !== 16) || head.getUint8(28) !== 0) return undefined;
  return { width, height, profile: await profileOf(file), rows: read(file, width, height, channels, depth / 8) };
}

async function* read(file: Blob, width: number, height: number, channels: number, bytes: number): AsyncGenerator<Uint8ClampedArray> {
  const step = channels * bytes;
  const stride = width * step;
  let previous = new Uint8Array(stride);
  let row = new Uint8Array(stride);
  const rgba = new Uint8ClampedArray(width * 4);
  const inflated = dataOf(file).pipeThrough(new DecompressionStream('deflate')).getReader();
  let chunk = new Uint8Array(0);
  let at = 0;
  for (let y = 0; y < height; y += 1) {
    let filter = -1;
    for (let filled = 0; filled < stride || filter < 0; ) {
      if (at === chunk.length) {
        const { done, value } = await inflated.read();
        if (done) return;
        chunk = value as Uint8Array<ArrayBuffer>;
        at = 0;
        continue;
      }
      if (filter < 0) {
        filter = chunk[at] ?? 0;
        at += 1;
        continue;
      }
      const part = chunk.subarray(at, at + stride - filled);
      row.set(part, filled);
      filled += part.length;
      at += part.length;
    }
    unfilter(filter, row, previous, step);
    widen(row, rgba, channels, bytes);
    yield rgba;
    [previous, row] = [row, previous];
  }
  await inflated.cancel();
}

/** Undoes a row's filter in place. */
function unfilter(filter: number, row: Uint8Array, above: Uint8Array, step: number): void {
  const { length } = row;
  if (filter === 1) {
    for (let i = step; i < length; i += 1) row[i]! += row[i - step]!;
  } else if (filter === 2) {
    for (let i = 0; i < length; i += 1) row[i]! += above[i]!;
  } else if (filter === 3) {
    for (let i = 0; i < length; i += 1) row[i]! += ((i < step ? 0 : row[i - step]!) + above[i]!) >> 1;
  } else if (filter === 4) {
    for (let i = 0; i < step; i += 1) row[i]! += above[i]!;
    for (let i = step; i < length; i += 1) {
      const [a, b, c] = [row[i - step]!, above[i]!, above[i - step]!];
      const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
      row[i]! += pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
    }
  }
}

/** A row of samples as RGBA of 8 bits; of 16 bits the upper byte counts. */
function widen(row: Uint8Array, rgba: Uint8ClampedArray, channels: number, bytes: number): void {
  const step = channels * bytes;
  const grey = channels < 3;
  const alpha = channels % 2 === 0 ? step - bytes : -1;
  const [green, blue] = grey ? [0, 0] : [bytes, 2 * bytes];
  for (let from = 0, to = 0; to < rgba.length; from += step, to += 4) {
    rgba[to] = row[from]!;
    rgba[to + 1] = row[from + green]!;
    rgba[to + 2] = row[from + blue]!;
    rgba[to + 3] = alpha < 0 ? 255 : row[from + alpha]!;
  }
}

/** What the iCCP chunk holds; undefined where there is none that can be read. */
async function profileOf(file: Blob): Promise<Uint8Array<ArrayBuffer> | undefined> {
  for (let at = 8; ; ) {
    const head = new DataView(await file.slice(at, at + 8).arrayBuffer());
    if (head.byteLength < 8 || head.getUint32(4) === IDAT) return undefined;
    const end = at + 8 + head.getUint32(0);
    if (head.getUint32(4) === ICCP) {
      const chunk = new Uint8Array(await file.slice(at + 8, end).arrayBuffer());
      // A name, a zero, and the method of compression, of which there is one.
      return inflate(new Blob([chunk.subarray(chunk.indexOf(0) + 2)]), LARGEST_PROFILE).catch(() => undefined);
    }
    at = end + 4;
  }
}

/** Inflates up to `most` bytes; undefined for more. */
async function inflate(deflated: Blob, most: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  const reader = deflated.stream().pipeThrough(new DecompressionStream('deflate')).getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    bytes += value?.length ?? 0;
    if (bytes > most) {
      await reader.cancel();
      return undefined;
    }
    if (value) parts.push(value as Uint8Array<ArrayBuffer>);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** The contents of the IDAT chunks. */
function dataOf(file: Blob): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 8;
  return new ReadableStream({
    async pull(controller) {
      for (;;) {
        const head = new DataView(await file.slice(at, at + 8).arrayBuffer());
        if (head.byteLength < 8) return controller.close();
        const [length, type] = [head.getUint32(0), head.getUint32(4)];
        at += 12 + length;
        if (type === IEND) return controller.close();
        if (type === IDAT && length > 0) {
          controller.enqueue(new Uint8Array(await file.slice(at - 4 - length, at - 4).arrayBuffer()));
          return;
        }
      }
    },
  });
}
