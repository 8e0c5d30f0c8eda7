/** Where a picture lies in a viewport: a scale and the place of its top left corner, in CSS pixels. */
export interface Placement {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

/** How large a picture is shown: all of it, or so many device pixels for each of its own. */
export type Zoom = 'fit' | number;

/** Largest and smallest magnification, in device pixels per picture pixel. */
export const ZOOM_LIMITS = { least: 1 / 64, most: 16 } as const;

/** Pan and zoom of one picture in one viewport. Knows nothing of elements. */
export class View {
  /** Size of the picture in its own pixels. */
  private picture = { width: 1, height: 1 };
  /** Size of the viewport in CSS pixels. */
  private viewport = { width: 1, height: 1 };
  private ratio = 1;
  /** Point of the picture at the viewport's centre, as fractions of its size. */
  private centre = { x: 0.5, y: 0.5 };
  zoom: Zoom = 'fit';

  setPicture(width: number, height: number): void {
    this.picture = { width: Math.max(1, width), height: Math.max(1, height) };
    this.clamp();
  }

  setViewport(width: number, height: number, devicePixelRatio: number): void {
    this.viewport = { width: Math.max(1, width), height: Math.max(1, height) };
    this.ratio = devicePixelRatio || 1;
    this.clamp();
  }

  get placement(): Placement {
    const scale = this.scale;
    return {
      scale,
      x: this.viewport.width / 2 - this.centre.x * this.picture.width * scale,
      y: this.viewport.height / 2 - this.centre.y * this.picture.height * scale,
    };
  }

  /** CSS pixels per picture pixel. */
  get scale(): number {
    return this.zoom === 'fit' ? this.fitScale : this.zoom / this.ratio;
  }

  /** Device pixels per picture pixel, whatever the mode. */
  get magnification(): number {
    return this.scale * this.ratio;
  }

  /** Whether some of the picture lies outside of the viewport. */
  get pannable(): boolean {
    const { scale } = this;
    return this.picture.width * scale > this.viewport.width + 1 || this.picture.height * scale > this.viewport.height + 1;
  }

  /** Changes the zoom and keeps the point of the picture at (`x`, `y`) of the viewport where it is. */
  zoomTo(zoom: Zoom, x = this.viewport.width / 2, y = this.viewport.height / 2): void {
    const before = this.placement;
    const point = { x: (x - before.x) / before.scale, y: (y - before.y) / before.scale };
    this.zoom = zoom === 'fit' ? 'fit' : Math.min(ZOOM_LIMITS.most, Math.max(ZOOM_LIMITS.least, zoom));
    const { scale } = this;
    this.centre = {
      x: (point.x + (this.viewport.width / 2 - x) / scale) / this.picture.width,
      y: (point.y + (this.viewport.height / 2 - y) / scale) / this.picture.height,
    };
    this.clamp();
  }

  /** Multiplies the zoom; zooming out as far as the whole picture means `fit`. */
  zoomBy(factor: number, x?: number, y?: number): void {
    const wanted = this.magnification * factor;
    this.zoomTo(factor < 1 && wanted <= this.fitScale * this.ratio ? 'fit' : wanted, x, y);
  }

  /** Moves the picture by CSS pixels. */
  panBy(dx: number, dy: number): void {
    const { scale } = this;
    this.centre = {
      x: this.centre.x - dx / (this.picture.width * scale),
      y: this.centre.y - dy / (this.picture.height * scale),
    };
    this.clamp();
  }

  /** The whole picture; a tiny one is magnified to 4:1 at most. */
  private get fitScale(): number {
    const { picture, viewport } = this;
    return Math.min(viewport.width / picture.width, viewport.height / picture.height, 4 / this.ratio);
  }

  /** A picture larger than the viewport covers it; a smaller one is centred. */
  private clamp(): void {
    const { scale, picture, viewport } = this;
    const bound = (centre: number, size: number, room: number): number => {
      const half = room / 2 / (size * scale);
      return half >= 0.5 ? 0.5 : Math.min(1 - half, Math.max(half, centre));
    };
    this.centre = {
      x: bound(this.centre.x, picture.width, viewport.width),
      y: bound(this.centre.y, picture.height, viewport.height),
    };
  }
}
