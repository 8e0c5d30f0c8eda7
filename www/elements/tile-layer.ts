import type { Pyramid } from '../shared/protocol.js';
import type { Placement } from './view.js';

/** Decoded tiles that are kept, or as many as are in sight: a megabyte each. */
const KEPT = 96;
/** Tiles that are decoded at the same time. */
const AT_ONCE = 4;

/** Draws the tiles of a large picture that lie in the viewport, into a canvas of the viewport's size. */
export class TileLayer {
  readonly canvas = document.createElement('canvas');
  private pyramid: Pyramid | undefined;
  /** By number, least recently drawn first. */
  private readonly decoded = new Map<number, ImageBitmap>();
  private readonly decoding = new Set<number>();
  private inSight = 0;
  private readonly onTile: () => void;

  /** `onTile` is called when a tile that was missing can be drawn. */
  constructor(onTile: () => void) {
    this.onTile = onTile;
  }

  show(pyramid: Pyramid | undefined): void {
    this.pyramid = pyramid;
    for (const bitmap of this.decoded.values()) bitmap.close();
    this.decoded.clear();
  }

  /** Draws what `placement` (CSS pixels) brings into a viewport of `width` x `height` CSS pixels; nothing where the reduced picture is as good. */
  draw({ scale, x, y }: Placement, width: number, height: number): void {
    const { canvas, pyramid } = this;
    const ratio = devicePixelRatio || 1;
    const [wide, tall] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== wide || canvas.height !== tall) Object.assign(canvas, { width: wide, height: tall });
    const context = canvas.getContext('2d');
    if (!context || !pyramid) return;
    context.clearRect(0, 0, wide, tall);
    // At half size and below, tiles would be many and the reduced picture is sharp enough.
    if (scale * ratio < 0.5) return;
    const edge = pyramid.tile;
    const first = (offset: number): number => Math.max(0, Math.floor(-offset / scale / edge));
    const last = (offset: number, room: number, size: number): number => Math.min(Math.ceil(size / edge) - 1, Math.floor((room - offset) / scale / edge));
    const wanted: number[] = [];
    this.inSight = 0;
    context.imageSmoothingEnabled = scale * ratio < 2;
    for (let row = first(y); row <= last(y, height, pyramid.height); row += 1) {
      for (let column = first(x); column <= last(x, width, pyramid.width); column += 1) {
        const number = row * pyramid.columns + column;
        this.inSight += 1;
        const bitmap = this.decoded.get(number);
        if (!bitmap) {
          wanted.push(number);
          continue;
        }
        this.decoded.delete(number);
        this.decoded.set(number, bitmap);
        const [left, top] = [x + column * edge * scale, y + row * edge * scale];
        // Whole device pixels, so that no seam shows between tiles.
        const [x0, y0] = [Math.round(left * ratio), Math.round(top * ratio)];
        const [x1, y1] = [Math.round((left + bitmap.width * scale) * ratio), Math.round((top + bitmap.height * scale) * ratio)];
        context.drawImage(bitmap, x0, y0, x1 - x0, y1 - y0);
      }
    }
    for (const number of wanted) if (this.decoding.size < AT_ONCE) void this.decode(pyramid, number);
  }

  private async decode(pyramid: Pyramid, number: number): Promise<void> {
    const tile = pyramid.tiles[number];
    if (!tile || this.decoding.has(number)) return;
    this.decoding.add(number);
    const bitmap = await createImageBitmap(tile).catch(() => undefined);
    this.decoding.delete(number);
    if (!bitmap) return;
    if (this.pyramid !== pyramid) {
      bitmap.close();
      // The other one's tile of this number may wait.
      return this.onTile();
    }
    this.decoded.set(number, bitmap);
    for (const [oldest, old] of this.decoded) {
      if (this.decoded.size <= Math.max(KEPT, this.inSight)) break;
      this.decoded.delete(oldest);
      old.close();
    }
    this.onTile();
  }
}
