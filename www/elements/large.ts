/** Pixels of a result that one image element may show. */
const SHOWN_PIXELS = 16e6;

/** Whether a result is shown by tiles. */
export function isLarge({ width, height }: { readonly width: number; readonly height: number }): boolean {
  return width * height > SHOWN_PIXELS;
}
