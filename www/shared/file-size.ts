import type { OutputType } from './protocol.js';

/** Bytes of a pixel of three channels of 8 bits, before compression. */
const RAW = 3;
/** Share of the raw bytes that a photograph takes which was enlarged four times: the shares of `src/pipeline/estimate.rs`. */
const SHARES: Record<Exclude<OutputType, 'image/jpeg'>, number> = { 'image/png': 0.35, 'image/webp': 0.27, 'image/tiff': 0.42 };
/** That of a JPEG, by quality. */
const JPEG_SHARES: readonly (readonly [quality: number, share: number])[] = [[1, 0.008], [50, 0.02], [75, 0.03], [90, 0.06], [100, 0.21]];

/**
 * A guess at the bytes of a photograph's result of `pixels` pixels, `scale` times as wide as its source. For choosing where it
 * goes, and for warning of a full disk.
 */
export function guessBytes(type: OutputType, pixels: number, quality: number, scale: number): number {
  // The more a picture is enlarged, the smoother it is: shares fall by a quarter with every doubling.
  const smooth = (4 / Math.min(16, Math.max(1, scale))) ** 0.4;
  return pixels * RAW * Math.min(1, smooth * (type === 'image/jpeg' ? jpegShare(quality) : SHARES[type]));
}

function jpegShare(quality: number): number {
  for (let step = 1; step < JPEG_SHARES.length; step += 1) {
    const [[low, from], [high, to]] = [JPEG_SHARES[step - 1] ?? [1, 0], JPEG_SHARES[step] ?? [100, 1]];
    if (quality <= high) return from + ((to - from) * (quality - low)) / (high - low);
  }
  return 1;
}
