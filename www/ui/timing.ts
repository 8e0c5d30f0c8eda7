import type { Upscaler } from '../lib/types.js';
import type { Progress } from '../shared/protocol.js';
import type { Throughput } from './throughput.js';

/** Side of the picture that networks are timed on, in pixels. */
const SIDE = 128;

/** Times a network on a small picture. What gives way to a picture of the user's says nothing. */
export async function timeNetwork(upscaler: Upscaler, id: string, throughput: Throughput, signal: AbortSignal): Promise<void> {
  const entry = upscaler.models().find((model) => model.id === id);
  const options = { model: id, ...(entry?.scale ? { scale: entry.scale } : {}) };
  const plan = await upscaler.plan({ width: SIDE, height: SIDE }, options).catch(() => undefined);
  if (!plan) return;
  // The second time counts: the first one also compiles and starts workers.
  for (const counts of [false, true]) {
    if (signal.aborted) return;
    const onProgress = stopwatch((seconds) => {
      if (counts) throughput.note(upscaler.engine.backend, plan, seconds);
    });
    await upscaler.upscale(await picture(), { ...options, sink: 'memory', signal, onProgress }).catch(() => {});
  }
}

/** Hears progress, and says how long the networks took. */
export function stopwatch(done: (seconds: number) => void): (progress: Progress) => void {
  let began = 0;
  return ({ phase, done: tiles, total, seconds }) => {
    if (phase !== 'upscale') return;
    if (tiles === 0) began = seconds;
    if (tiles === total) done(seconds - began);
  };
}

/** Noise, as a file. */
async function picture(): Promise<Blob> {
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  const context = canvas.getContext('2d');
  const data = new ImageData(SIDE, SIDE);
  for (let at = 0; at < data.data.length; at += 1) data.data[at] = at % 4 === 3 ? 255 : (at * 7919) % 251;
  context?.putImageData(data, 0, 0);
  return canvas.convertToBlob({ type: 'image/png' });
}
