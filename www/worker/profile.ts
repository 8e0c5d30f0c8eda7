/** ICC profiles in JPEG files: APP2 segments, as ICC.1:2022 has them in its annex B.4. */

const SIGNATURE = 'ICC_PROFILE\0';
/** Bytes of a profile in one segment: its length counts itself, the signature, a number and a count too. */
const PART = 65_535 - 2 - SIGNATURE.length - 2;
/** Segments of one profile at most. */
const PARTS = 255;
/** Bytes in which a canvas's JPEG has whatever stands before its tables. */
const HEAD = 65_536;

/** Bytes of the largest profile that a JPEG takes. */
export const LARGEST_PROFILE = PART * PARTS;

/** The segments that carry a profile. */
export function segmentsOf(profile: Uint8Array<ArrayBuffer>): Blob {
  const count = Math.ceil(profile.length / PART);
  const segments = Array.from({ length: count }, (_, index) => {
    const part = profile.subarray(index * PART, (index + 1) * PART);
    const segment = new Uint8Array(2 + 2 + SIGNATURE.length + 2 + part.length);
    new DataView(segment.buffer).setUint32(0, (0xffe2 << 16) | (segment.length - 2));
    segment.set(new TextEncoder().encode(SIGNATURE), 4);
    segment.set([index + 1, count], 4 + SIGNATURE.length);
    segment.set(part, 4 + SIGNATURE.length + 2);
    return segment;
  });
  return new Blob(segments);
}

/** A JPEG file with `segments` in place of the profile that the browser may have put in. */
export async function withProfile(jpeg: Blob, segments: Blob): Promise<Blob> {
  const head = new DataView(await jpeg.slice(0, HEAD).arrayBuffer());
  const parts = [jpeg.slice(0, 2)];
  let at = 2;
  while (at + 4 <= head.byteLength) {
    const marker = head.getUint16(at);
    if (marker < 0xffe0 || marker > 0xffef) break;
    const end = at + 2 + head.getUint16(at + 2);
    if (marker !== 0xffe2) parts.push(jpeg.slice(at, end));
    at = end;
  }
  return new Blob([...parts, segments, jpeg.slice(at)], { type: jpeg.type });
}
