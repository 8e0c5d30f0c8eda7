/** A page of any browser, by whichever driver, that runs a function of one argument inside itself. */
export interface Page {
  evaluate<Result, Argument>(body: (argument: Argument) => Promise<Result>, argument: Argument): Promise<Result>;
}

/** Where two pictures differ. `difference` is the largest over all pixels and channels, in steps of 1/255. */
export interface Comparison {
  readonly width: number;
  readonly height: number;
  readonly difference: number;
  readonly pixels: number;
  /** PNG of ten times the difference around grey. */
  readonly map: Buffer;
}

const base64 = (bytes: Buffer): string => bytes.toString('base64');

/** Decodes two files in the browser, without colour conversion, and compares their pixels. */
export async function compare(page: Page, one: Buffer, other: Buffer): Promise<Comparison> {
  const result = await page.evaluate(
    async ([first, second]) => {
      const decode = async (text: string): Promise<ImageData> => {
        const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
        const bitmap = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
        const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
        if (!context) throw new Error('there is no 2D canvas');
        context.drawImage(bitmap, 0, 0);
        return context.getImageData(0, 0, bitmap.width, bitmap.height);
      };
      const [a, b] = [await decode(first), await decode(second)];
      if (a.width !== b.width || a.height !== b.height) throw new Error(`${a.width} x ${a.height} against ${b.width} x ${b.height}`);
      const map = new ImageData(a.width, a.height);
      let difference = 0;
      let pixels = 0;
      for (let at = 0; at < a.data.length; at += 4) {
        let here = 0;
        for (let channel = 0; channel < 4; channel += 1) {
          const signed = (a.data[at + channel] ?? 0) - (b.data[at + channel] ?? 0);
          here = Math.max(here, Math.abs(signed));
          map.data[at + channel] = channel === 3 ? 255 : 128 + 10 * signed;
        }
        if (here > 0) pixels += 1;
        difference = Math.max(difference, here);
      }
      const canvas = new OffscreenCanvas(a.width, a.height);
      canvas.getContext('2d')?.putImageData(map, 0, 0);
      const shown = new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer());
      let text = '';
      for (const byte of shown) text += String.fromCharCode(byte);
      return { width: a.width, height: a.height, difference, pixels, map: btoa(text) };
    },
    [base64(one), base64(other)] as const,
  );
  return { ...result, map: Buffer.from(result.map, 'base64') };
}

/** The file again as another, lossless or not, after one pixel was changed or none. */
export async function redraw(page: Page, file: Buffer, type: string, change?: { x: number; y: number; by: number }): Promise<Buffer> {
  const text = await page.evaluate(
    async ([source, as, pixel]) => {
      const bytes = Uint8Array.from(atob(source), (character) => character.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes]), { colorSpaceConversion: 'none', premultiplyAlpha: 'none' });
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      const context = canvas.getContext('2d');
      if (!context) throw new Error('there is no 2D canvas');
      context.drawImage(bitmap, 0, 0);
      if (pixel) {
        const spot = context.getImageData(pixel.x, pixel.y, 1, 1);
        spot.data[1] = ((spot.data[1] ?? 0) + pixel.by) % 256;
        context.putImageData(spot, pixel.x, pixel.y);
      }
      const drawn = new Uint8Array(await (await canvas.convertToBlob({ type: as, quality: 0.92 })).arrayBuffer());
      let result = '';
      for (const byte of drawn) result += String.fromCharCode(byte);
      return btoa(result);
    },
    [base64(file), type, change] as const,
  );
  return Buffer.from(text, 'base64');
}

/** A JPEG with an EXIF orientation, 1 to 8, as its first segment. */
export function withOrientation(jpeg: Buffer, orientation: number): Buffer {
  const exif = Buffer.from('45786966000049492a0008000000010012010300010000000000000000000000', 'hex');
  exif.writeUInt16LE(orientation, 6 + 8 + 2 + 8);
  const segment = Buffer.concat([Buffer.from([0xff, 0xe1, 0, exif.length + 2]), exif]);
  return Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]);
}

/** An icon file that holds one PNG: a format that browsers decode and the engine does not. */
export function icon(picture: Buffer, width: number, height: number): Buffer {
  const header = Buffer.alloc(22);
  header.writeUInt16LE(1, 2);
  header.writeUInt16LE(1, 4);
  header.set([width, height, 0, 0, 1, 0, 32, 0], 6);
  header.writeUInt32LE(picture.length, 14);
  header.writeUInt32LE(22, 18);
  return Buffer.concat([header, picture]);
}
