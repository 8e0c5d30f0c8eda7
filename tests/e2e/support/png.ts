import { crc32, deflateSync } from 'node:zlib';

/** PNG's colour types, and their channels. */
const CHANNELS = { grey: 1, rgb: 3, palette: 1, greyAlpha: 2, rgba: 4 } as const;
const TYPES = { grey: 0, rgb: 2, palette: 3, greyAlpha: 4, rgba: 6 } as const;

export interface PngOptions {
  readonly colour?: keyof typeof TYPES;
  readonly depth?: 8 | 16;
  /** `PLTE`: three bytes a colour. */
  readonly palette?: readonly number[];
  /** `tRNS`: one byte a colour of the palette. */
  readonly transparency?: readonly number[];
  /** `iCCP`. */
  readonly profile?: Buffer;
  /** Size that the header claims instead of the true one. */
  readonly claimed?: { readonly width: number; readonly height: number };
}

/** Writes a PNG; `sample` gives the value of a channel at (x, y), in 0..=255 or 0..=65535. */
export function png(width: number, height: number, sample: (x: number, y: number, channel: number) => number, options: PngOptions = {}): Buffer {
  const { colour = 'rgb', depth = 8, palette, transparency, profile, claimed = { width, height } } = options;
  const channels = CHANNELS[colour];
  const bytes = depth / 8;
  const stride = 1 + width * channels * bytes;
  const rows = Buffer.alloc(stride * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      for (let channel = 0; channel < channels; channel += 1) {
        rows.writeUIntBE(Math.round(sample(x, y, channel)), y * stride + 1 + (x * channels + channel) * bytes, bytes);
      }
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(claimed.width, 0);
  header.writeUInt32BE(claimed.height, 4);
  header.set([depth, TYPES[colour], 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    ...(profile ? [chunk('iCCP', Buffer.concat([Buffer.from('profile\0\0', 'latin1'), deflateSync(profile)]))] : []),
    ...(palette ? [chunk('PLTE', Buffer.from(palette))] : []),
    ...(transparency ? [chunk('tRNS', Buffer.from(transparency))] : []),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/** A picture with smooth colour, an edge, and fine texture. */
export function scene(x: number, y: number, channel: number): number {
  const smooth = 128 + 70 * Math.sin(x / 9 + channel) + 40 * Math.cos(y / 7 - channel);
  const edge = x + 2 * y > 96 ? 18 : -18;
  const texture = (x * 7 + y * 13 + channel * 5) % 11;
  return Math.min(255, Math.max(0, smooth + edge + texture));
}
