import { expectTrueCanvas } from '../shared/canvas.js';
import { DecodeError } from '../shared/errors.js';
import type { PreviewResult } from '../shared/protocol.js';
import type { Codecs } from './codecs.js';

/** A PNG of at most `maxSide` pixels a side, for formats that the browser cannot show, such as TIFF. */
export async function previewOf(codecs: Codecs, file: Blob, maxSide: number): Promise<PreviewResult> {
  const source = await codecs.read(new Uint8Array(await file.arrayBuffer()));
  const found = source.preview(maxSide);
  try {
    await expectTrueCanvas();
    const { width, height, fullWidth, fullHeight, format, warnings } = found;
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d');
    if (!context) throw new DecodeError('This browser gives no canvas to draw the preview on.');
    context.putImageData(new ImageData(new Uint8ClampedArray(found.rgba), width, height), 0, 0);
    const blob = await canvas.convertToBlob({ type: 'image/png' });
    return { blob, width: fullWidth, height: fullHeight, format, warnings };
  } finally {
    found.free();
  }
}
