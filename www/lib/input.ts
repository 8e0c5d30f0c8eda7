import { DecodeError } from '../shared/errors.js';
import type { UpscaleInput } from './types.js';

/** File bytes and a name, whatever was given. */
export interface NamedFile {
  readonly file: Blob;
  readonly name: string;
}

/** Turns an input into file bytes, keeping the original file wherever there is one: it carries the metadata. */
export async function toFile(input: UpscaleInput, name: string | undefined, signal: AbortSignal | undefined): Promise<NamedFile> {
  if (typeof input === 'string') return { file: await fetchImage(input, signal), name: name ?? nameOf(input) };
  if (input instanceof Blob) return { file: input, name: name ?? (input instanceof File ? input.name : 'image') };
  if (input instanceof HTMLImageElement) return fromElement(input, name, signal);
  return { file: await redraw(input, input.width, input.height), name: name ?? 'image.png' };
}

/** A PNG of a picture that the browser can decode (AVIF, HEIC, JPEG XL, icons, as the browser goes); undefined where it cannot. */
export async function decodeInBrowser(file: Blob): Promise<Blob | undefined> {
  try {
    const bitmap = await createImageBitmap(file, { premultiplyAlpha: 'none' });
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
    bitmap.close();
    return await canvas.convertToBlob({ type: 'image/png' });
  } catch {
    return undefined;
  }
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
    return { file: await redraw(image, image.naturalWidth, image.naturalHeight), name: called };
  }
}

async function redraw(source: ImageBitmap | HTMLImageElement, width: number, height: number): Promise<Blob> {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  try {
    if (!context || width === 0 || height === 0) throw new Error(`no canvas of ${width} x ${height} pixels`);
    context.drawImage(source, 0, 0);
    const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
    if (!blob) throw new Error('the canvas gave no picture');
    return blob;
  } catch (cause) {
    throw new DecodeError('The pixels of the picture could not be read.', 'Give the file itself, or an address that may be fetched.', cause);
  }
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
