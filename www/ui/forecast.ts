import { about } from '../lib/estimate.js';
import type { Upscaler } from '../lib/types.js';
import type { Kind, ModelEntry } from '../shared/manifest.js';
import type { PlannedSize } from '../shared/protocol.js';
import { passesOf, type Paces } from './paces.js';
import { SCALES, sizeOptions, type Settings } from './settings.js';
import { bytes as inWords } from './words.js';

/** What a picture will cost. */
export interface Forecast {
  /** Undefined before anything was measured on the engine. */
  readonly seconds: number | undefined;
  /** Bytes of the file and of the memory that is needed. */
  readonly bytes: number;
  readonly memory: number;
  /** What would be better, in words. */
  readonly advice: readonly string[];
}

/** From here on a better choice is named. */
const LONG_SECONDS = 60;
/** What must be free, times the guess. */
const ROOM = 1.1;
/**
 * Bytes of the page itself, for each pixel of the source, for each worker, and rows and bytes for each pixel of the open bands. In all
 * somewhat below what Chromium takes for 16384 x 16384 pixels (`tests/e2e/huge.spec.ts`).
 */
const MEMORY = { page: 100e6, source: 24, worker: 60e6, rows: 1024, row: 16 } as const;

/** A picture's size and what is asked of it. */
export interface Case {
  readonly width: number;
  readonly height: number;
  readonly kind?: Kind | undefined;
  readonly planned: PlannedSize;
  readonly settings: Settings;
  readonly backend: string;
  readonly workers: number;
}

/** Estimates a picture's time, file and memory, and looks for something better where it takes long or does not fit. */
export async function forecast(picture: Case, upscaler: Upscaler, paces: Paces): Promise<Forecast> {
  const { width, height, planned, settings, backend, workers } = picture;
  const models = upscaler.models();
  const pixels = planned.width * planned.height;
  const seconds = paces.seconds(backend, passesOf(planned.passes, models, width, height));
  const { bytes } = planned;
  const memory = MEMORY.page + width * height * MEMORY.source + workers * MEMORY.worker + planned.width * Math.min(planned.height, MEMORY.rows) * MEMORY.row
    // WebP is encoded from the whole picture.
    + (settings.type === 'image/webp' ? pixels * 4 : 0);
  const advice: string[] = [];
  if (seconds !== undefined && seconds > LONG_SECONDS) advice.push(await faster(picture, seconds, upscaler, models, paces));
  const room = await freeBytes();
  if (room !== undefined && bytes * ROOM > room) {
    const jpeg = await upscaler.plan(picture, { model: settings.model, output: { type: 'image/jpeg' }, ...sizeOptions(settings) });
    advice.push(smaller(settings, jpeg?.bytes ?? bytes, room, bytes));
  }
  return { seconds, bytes, memory, advice };
}

/** A faster model, else a smaller scale. */
async function faster(picture: Case, seconds: number, upscaler: Upscaler, models: readonly ModelEntry[], paces: Paces): Promise<string> {
  const { width, height, settings, backend } = picture;
  const timeOf = async (options: Parameters<Upscaler['plan']>[1]): Promise<number> => {
    const plan = await upscaler.plan(picture, options).catch(() => undefined);
    return (plan && paces.seconds(backend, passesOf(plan.passes, models, width, height))) ?? Number.POSITIVE_INFINITY;
  };
  const long = `This will take ${about(seconds)}.`;
  for (const name of new Set(models.map((model) => model.name))) {
    const other = await timeOf({ model: name, ...sizeOptions(settings) });
    if (other < seconds / 2) return `${long} The model ${name} takes ${about(other)}.`;
  }
  const smallerScales = SCALES.filter((scale) => scale * width < picture.planned.width * 0.99).reverse();
  for (const scale of smallerScales) {
    const other = await timeOf({ model: settings.model, scale });
    if (other < seconds / 2) return `${long} At ${scale}× it takes ${about(other)}.`;
  }
  return long;
}

function smaller(settings: Settings, jpeg: number, room: number, needed: number): string {
  const full = `The file may take ${inWords(needed)}, and the browser has room for ${inWords(room)}.`;
  if (settings.type !== 'image/jpeg' && jpeg * ROOM < room) return `${full} As JPEG it would take about ${inWords(jpeg)}.`;
  return `${full} Choose a smaller size, or free space on the disk.`;
}

async function freeBytes(): Promise<number | undefined> {
  try {
    const { quota, usage } = await navigator.storage.estimate();
    return quota === undefined ? undefined : quota - (usage ?? 0);
  } catch {
    return undefined;
  }
}

/** A small picture to time a network with: noise, as a file. */
export async function timingPicture(side: number): Promise<Blob> {
  const canvas = new OffscreenCanvas(side, side);
  const context = canvas.getContext('2d');
  const data = new ImageData(side, side);
  for (let at = 0; at < data.data.length; at += 1) data.data[at] = at % 4 === 3 ? 255 : (at * 7919) % 251;
  context?.putImageData(data, 0, 0);
  return canvas.convertToBlob({ type: 'image/png' });
}
