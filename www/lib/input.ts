import { expectTrueCanvas } from '../shared/canvas.js';
import { DecodeError, ParameterError } from '../shared/errors.js';
import type { UpscaleInput } from './types.js';

/** File bytes and a name, whatever was given. */
export interface NamedFile {
  readonly file: Blob;
  readonly name: string;
}

/**
 * Turns an input into file bytes, keeping the original file wherever there is one: it carries the metadata. An object of another
 * window, an iframe's for one, is told by its name: it is no instance of this window's classes.
 */
export async function toFile(input: UpscaleInput, name: string | undefined, signal: AbortSignal | undefined): Promise<NamedFile> {
  if (typeof input === 'string') return { file: await fetchImage(input, signal), name: name ?? nameOf(input) };
  switch (classOf(input)) {
    case 'Blob': return { file: input as Blob, name: name ?? 'image' };
    case 'File': return { file: input as File, name: name ?? (input as File).name };
    case 'HTMLImageElement': return fromElement(input as HTMLImageElement, name, signal);
    case 'ImageBitmap':
    case 'HTMLCanvasElement':
    case 'OffscreenCanvas': return { file: await redraw(input as ImageBitmap), name: name ?? 'image.png' };
  }
  throw new ParameterError(
    `An object of class ${classOf(input)} is no picture that can be enlarged.`,
    'Give a file, a Blob, an address, an image element or an ImageBitmap.',
  );
}

/** The name of the class of a browser's object, whichever window it comes from (`Symbol.toStringTag`, Web IDL section 3.7.6). */
function classOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

/** A PNG of a picture that the browser can decode (AVIF, HEIC, JPEG XL, icons, as the browser goes); undefined where it cannot. */
export async function decodeInBrowser(file: Blob): Promise<Blob | undefined> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, { premultiplyAlpha: 'none' });
  } catch {
    return undefined;
  }
  await expectTrueCanvas();
  return draw(bitmap, bitmap.width, bitmap.height).catch(() => undefined).finally(() => bitmap.close());
}

async function fetchImage(address: string, signal: AbortSignal | undefined): Promise<Blob> {
  const url = new URL(address, document.baseURI).href;
  let response: Response;
  try {
    response = await fetch(url, signal ? { signal } : {});
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new DecodeError(
      `The picture at ${url} could not be fetched.`,
      'Check the address. A picture of another origin needs that server to allow it (CORS) and this page to allow the server (connect-src).',
      cause,
    );
  }
  if (!response.ok) {
    throw new DecodeError(`The picture at ${url} could not be fetched: the server answered ${response.status}.`, 'Check the address.');
  }
  return response.blob();
}

async function fromElement(image: HTMLImageElement, name: string | undefined, signal: AbortSignal | undefined): Promise<NamedFile> {
  const address = image.currentSrc || image.src;
  const called = name ?? nameOf(address);
  try {
    return { file: await fetchImage(address, signal), name: called };
  } catch (error) {
    if (signal?.aborted) throw error;
    // What cannot be fetched again, a data: address under our own CSP for one, can still be drawn.
    await image.decode().catch((cause: unknown) => {
      throw new DecodeError('The image element holds no picture that could be read.', 'Wait until it has loaded.', cause);
    });
    return { file: await redraw(image), name: called };
  }
}

/** A PNG of what is drawn: an image element at its natural size, which its layout does not change. */
async function redraw(source: ImageBitmap | HTMLImageElement): Promise<Blob> {
  const { width, height } = 'naturalWidth' in source ? { width: source.naturalWidth, height: source.naturalHeight } : source;
  await expectTrueCanvas();
  try {
    return await draw(source, width, height);
  } catch (cause) {
    throw new DecodeError('The pixels of the picture could not be read.', 'Give the file itself, or an address that may be fetched.', cause);
  }
}

async function draw(source: ImageBitmap | HTMLImageElement, width: number, height: number): Promise<Blob> {
  if (width === 0 || height === 0) throw new Error(`no canvas of ${width} x ${height} pixels`);
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no context for drawing');
  context.drawImage(source, 0, 0, width, height);
  return canvas.convertToBlob({ type: 'image/png' });
}

function nameOf(address: string): string {
  if (address.startsWith('data:') || address.startsWith('blob:')) return 'image';
  const last = new URL(address, document.baseURI).pathname.split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(last) || 'image';
  } catch {
    return last || 'image';
  }
}
