import type { JobResult, OutputType } from '../shared/protocol.js';

const EXTENSIONS: Record<OutputType, string> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/webp': 'webp',
  'image/tiff': 'tif',
};

/** What of a result its name tells. */
interface Named extends Pick<JobResult, 'width' | 'height'> {
  readonly report: Pick<JobResult['report'], 'scale'>;
}

/** `photo.jpeg` enlarged 4 times as PNG is saved as `photo-4x.png`; at another size as `photo-3000x2000.png`. */
export function resultName(source: string, { width, height, report: { scale } }: Named, type: OutputType): string {
  const stem = source.replace(/\.[A-Za-z0-9]{1,5}$/, '') || 'image';
  const size = Number.isInteger(scale) ? `${scale}x` : `${width}x${height}`;
  return `${stem}-${size}.${EXTENSIONS[type]}`;
}

/** Makes names differ, as files in one folder must: `a.png`, `a (2).png`. */
export function distinctNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    const dot = name.lastIndexOf('.');
    const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
    let candidate = name;
    // File systems that ignore case would let one overwrite the other.
    for (let count = 2; taken.has(candidate.toLowerCase()); count += 1) candidate = `${stem} (${count})${extension}`;
    taken.add(candidate.toLowerCase());
    return candidate;
  });
}
