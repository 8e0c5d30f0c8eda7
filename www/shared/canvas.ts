import { alteredPixels } from './errors.js';

/** Side of the picture that is drawn and read back, in pixels: enough for alterations of a few pixels in a hundred. */
const SIDE = 64;

/**
 * Rejects with a `DeviceError` where pixels that go through a canvas do not come out as they went in. Asked whenever they are needed:
 * the user may allow it meanwhile.
 */
export async function expectTrueCanvas(): Promise<void> {
  let kept: boolean;
  try {
    kept = await keepsPixels();
  } catch (cause) {
    throw alteredPixels(cause);
  }
  if (!kept) throw alteredPixels();
}

/** Whether known pixels are read back as they were put there, both as pixels and by way of a file. */
async function keepsPixels(): Promise<boolean> {
  const known = new ImageData(SIDE, SIDE);
  for (let at = 0; at < known.data.length; at += 1) known.data[at] = at % 4 === 3 ? 255 : (at * 7919) % 251;
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  const context = canvas.getContext('2d');
  context?.putImageData(known, 0, 0);
  if (!context || !isSame(context, known)) return false;
  const file = await createImageBitmap(await canvas.convertToBlob({ type: 'image/png' }));
  const other = new OffscreenCanvas(SIDE, SIDE).getContext('2d');
  other?.drawImage(file, 0, 0);
  file.close();
  return other !== null && isSame(other, known);
}

function isSame(context: OffscreenCanvasRenderingContext2D, { data }: ImageData): boolean {
  const found = context.getImageData(0, 0, SIDE, SIDE).data;
  return data.every((value, at) => value === found[at]);
}
