import type { OutputType } from './protocol.js';

/** Bytes for each pixel of an enlarged photograph of three channels of 8 bits; plain pictures need far less. */
const BYTES_PER_PIXEL: Record<OutputType, number> = {
  'image/png': 1.8,
  'image/jpeg': 0.3,
  'image/webp': 1.4,
  'image/tiff': 2.0,
};

/** A guess at the bytes of a result of `pixels` pixels, for choosing where it goes and for warning of a full disk. */
export function guessBytes(type: OutputType, pixels: number, quality = 90): number {
  // A JPEG doubles with each step of ten near the top.
  const factor = type === 'image/jpeg' ? 2 ** ((quality - 90) / 10) : 1;
  return pixels * BYTES_PER_PIXEL[type] * factor;
}
