/** XYZ of sRGB's red, green and blue, adapted to D50. */
const SRGB = [
  [0.43607, 0.22249, 0.01392],
  [0.38515, 0.71687, 0.09708],
  [0.14307, 0.06061, 0.7141],
] as const;
const D50 = [0.9642, 1, 0.8249] as const;

/** An ICC profile (version 2) of a matrix and a gamma of 2.2, in which red and green have changed places; or of grey with a gamma of 1. */
export function profile(space: 'swapped' | 'grey'): Buffer {
  const [red, green, blue] = SRGB;
  const tags: [signature: string, data: Buffer][] = space === 'grey'
    ? [['wtpt', xyz(D50)], ['kTRC', gamma(1)]]
    : [['wtpt', xyz(D50)], ['rXYZ', xyz(green)], ['gXYZ', xyz(red)], ['bXYZ', xyz(blue)], ['rTRC', gamma(2.2)], ['gTRC', gamma(2.2)], ['bTRC', gamma(2.2)]];
  const table = Buffer.alloc(4 + 12 * tags.length);
  table.writeUInt32BE(tags.length);
  let at = 128 + table.length;
  for (const [index, [signature, data]] of tags.entries()) {
    table.write(signature, 4 + 12 * index, 'latin1');
    table.writeUInt32BE(at, 8 + 12 * index);
    table.writeUInt32BE(data.length, 12 + 12 * index);
    at += data.length;
  }
  const header = Buffer.alloc(128);
  header.writeUInt32BE(at, 0);
  header.writeUInt32BE(0x02400000, 8);
  header.write(`mntr${space === 'grey' ? 'GRAY' : 'RGB '}XYZ `, 12, 'latin1');
  header.write('acsp', 36, 'latin1');
  xyz(D50).copy(header, 68, 8);
  return Buffer.concat([header, table, ...tags.map(([, data]) => data)]);
}

function xyz(values: readonly number[]): Buffer {
  const data = Buffer.alloc(20);
  data.write('XYZ ', 'latin1');
  for (const [index, value] of values.entries()) data.writeInt32BE(Math.round(value * 65536), 8 + 4 * index);
  return data;
}

function gamma(value: number): Buffer {
  const data = Buffer.alloc(16);
  data.write('curv', 'latin1');
  data.writeUInt32BE(1, 8);
  data.writeUInt16BE(Math.round(value * 256), 12);
  return data;
}
