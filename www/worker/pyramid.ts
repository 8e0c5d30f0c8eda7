import { expectTrueCanvas } from '../shared/canvas.js';
import type { Pyramid } from '../shared/protocol.js';
import { pngRows, type Rows } from './png-rows.js';
import { segmentsOf, withProfile } from './profile.js';

/** Edge of a tile in pixels. */
const TILE = 512;
/** Longest side of the reduced picture. */
const REDUCED = 4096;
/** Pixels of a picture that the browser is asked to decode at once, for formats other than PNG: four bytes each. */
const DECODED_PIXELS = 100e6;
/** Rows that are read back from a decoded picture at a time. */
const DRAWN_ROWS = 64;
/** What a tile is kept as: for looking at, not for saving. */
const KEPT = { type: 'image/jpeg', quality: 0.92 } as const;

/**
 * Cuts a large picture into tiles at full size and makes a reduced one of the whole, row by row: a band of `TILE` rows is all
 * that is in memory. Alpha stands on grey. The samples are kept with their profile, for the browser to convert as it shows them.
 */
async function pyramidOf({ width, height, profile, rows }: Rows): Promise<Pyramid> {
  const columns = Math.ceil(width / TILE);
  const factor = Math.max(1, Math.ceil(Math.max(width, height) / REDUCED));
  const small = new Reduced(width, height, factor);
  const band = new Uint8ClampedArray(width * TILE * 4);
  const canvas = new OffscreenCanvas(TILE, TILE);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('there is no canvas');
  const tiles: Blob[] = [];
  const segments = profile && segmentsOf(profile);
  const tagged = (jpeg: Blob): Blob | Promise<Blob> => (segments ? withProfile(jpeg, segments) : jpeg);
  let y = 0;
  for await (const row of rows) {
    band.set(row, (y % TILE) * width * 4);
    small.add(row);
    y += 1;
    if (y % TILE !== 0 && y !== height) continue;
    const tall = ((y - 1) % TILE) + 1;
    for (let column = 0; column < columns; column += 1) {
      const wide = Math.min(TILE, width - column * TILE);
      const data = new ImageData(wide, tall);
      for (let line = 0; line < tall; line += 1) {
        const from = (line * width + column * TILE) * 4;
        data.data.set(band.subarray(from, from + wide * 4), line * wide * 4);
      }
      canvas.width = wide;
      canvas.height = tall;
      context.putImageData(data, 0, 0);
      onGrey(context, wide, tall);
      tiles.push(await tagged(await canvas.convertToBlob(KEPT)));
    }
  }
  if (y !== height) throw new Error('the picture ended early');
  return { width, height, tile: TILE, columns, tiles, reduced: await tagged(await small.finish()) };
}

/** Rows of a file of which the browser decodes the whole picture; undefined for one that it cannot, or should not, decode. */
async function bitmapRows(file: Blob, width: number, height: number): Promise<Rows | undefined> {
  if (width * height > DECODED_PIXELS) return undefined;
  const bitmap = await createImageBitmap(file).catch(() => undefined);
  return bitmap && { width, height, profile: undefined, rows: drawn(bitmap) };
}

async function* drawn(bitmap: ImageBitmap): AsyncGenerator<Uint8ClampedArray> {
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, DRAWN_ROWS).getContext('2d', { willReadFrequently: true });
  for (let y = 0; context && y < height; y += DRAWN_ROWS) {
    const tall = Math.min(DRAWN_ROWS, height - y);
    context.clearRect(0, 0, width, DRAWN_ROWS);
    context.drawImage(bitmap, 0, -y);
    const { data } = context.getImageData(0, 0, width, tall);
    for (let line = 0; line < tall; line += 1) yield data.subarray(line * width * 4, (line + 1) * width * 4);
  }
  bitmap.close();
}

/** The pyramid of a result of ours; undefined where the format does not let its rows be read one by one and it is too large to be decoded whole. */
export async function pyramidOfFile(file: Blob, width: number, height: number): Promise<Pyramid | undefined> {
  await expectTrueCanvas();
  const png = await pngRows(file);
  // Tiles have colours, which a grey picture's profile says nothing of: the browser converts, up to where it is not asked to.
  const fitting = png && (png.profile === undefined || isForColours(png.profile));
  const rows = (fitting ? png : await bitmapRows(file, width, height)) ?? (png && { ...png, profile: undefined });
  return rows && pyramidOf(rows);
}

/** Whether a profile's data colour space is RGB (ICC.1:2022, table 18). */
function isForColours(profile: Uint8Array): boolean {
  return new TextDecoder().decode(profile.subarray(16, 20)) === 'RGB ';
}

/** JPEG has no alpha: what is transparent shows grey. */
function onGrey(context: OffscreenCanvasRenderingContext2D, width: number, height: number): void {
  context.globalCompositeOperation = 'destination-over';
  context.fillStyle = '#99938a';
  context.fillRect(0, 0, width, height);
  context.globalCompositeOperation = 'source-over';
}

/** The mean of each `factor` x `factor` pixels, of fewer at the right and the bottom. */
class Reduced {
  private readonly canvas: OffscreenCanvas;
  private readonly context: OffscreenCanvasRenderingContext2D | null;
  private readonly line: ImageData;
  private readonly sums: Float32Array;
  private readonly factor: number;
  private readonly width: number;
  /** Rows in `sums`. */
  private count = 0;
  private done = 0;

  constructor(width: number, height: number, factor: number) {
    this.factor = factor;
    this.width = width;
    this.canvas = new OffscreenCanvas(Math.ceil(width / factor), Math.ceil(height / factor));
    this.context = this.canvas.getContext('2d');
    this.line = new ImageData(this.canvas.width, 1);
    this.sums = new Float32Array(this.canvas.width * 4);
  }

  add(row: Uint8ClampedArray): void {
    const { factor, sums } = this;
    for (let from = 0; from < row.length; from += 4) {
      const to = 4 * Math.floor(from / 4 / factor);
      for (let channel = 0; channel < 4; channel += 1) sums[to + channel]! += row[from + channel]!;
    }
    this.count += 1;
    if (this.count === factor) this.flush();
  }

  private flush(): void {
    const { factor, sums, width } = this;
    for (let i = 0; i < sums.length; i += 1) {
      this.line.data[i] = sums[i]! / (this.count * Math.min(factor, width - (i >> 2) * factor));
    }
    this.context?.putImageData(this.line, 0, this.done);
    this.done += 1;
    this.count = 0;
    sums.fill(0);
  }

  async finish(): Promise<Blob> {
    if (this.count > 0) this.flush();
    if (this.context) onGrey(this.context, this.canvas.width, this.canvas.height);
    return this.canvas.convertToBlob(KEPT);
  }
}
