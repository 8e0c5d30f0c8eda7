/** Longest side of the veil's canvas: it is stretched over the picture, so few pixels do. */
const SIDE = 512;

/** A rectangle in pixels of the result. */
export interface Tile {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A veil over a picture under way: each finished tile lets the light through, like a print being exposed. */
export class Exposure {
  readonly canvas = document.createElement('canvas');
  private scale = 1;

  /** Covers a result of `width` x `height` pixels. */
  begin(width: number, height: number): void {
    this.scale = SIDE / Math.max(width, height);
    this.canvas.width = Math.max(1, Math.round(width * this.scale));
    this.canvas.height = Math.max(1, Math.round(height * this.scale));
    const context = this.canvas.getContext('2d');
    if (!context) return;
    context.fillStyle = 'rgb(10 8 6 / 0.62)';
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
  }

  uncover({ x, y, width, height }: Tile): void {
    const context = this.canvas.getContext('2d');
    const left = Math.floor(x * this.scale);
    const top = Math.floor(y * this.scale);
    context?.clearRect(left, top, Math.ceil((x + width) * this.scale) - left, Math.ceil((y + height) * this.scale) - top);
  }
}
