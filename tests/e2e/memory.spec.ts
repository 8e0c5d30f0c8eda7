import { expect, test, type Page } from '@playwright/test';
import { ROOT } from './support/environment.ts';
import { PlainServer } from './support/server.ts';

const MIB = 1 << 20;
/** What a compute worker may take, in bytes. */
const MOST = 64 * MIB;
/** A tile of 128 pixels with the halo of the network photo: sixteen 3x3 convolutions and the last one. */
const SIDE = 128 + 2 * 17;

/** A compute worker's work, with the size of its instance's memory after it, in bytes. A wasm memory never shrinks. */
const WORKER = `
  onmessage = async ({ data: { side, runs } }) => {
    const suite = await import('/suite/inlarge.js');
    await suite.default({ module_or_path: '/suite/inlarge_bg.wasm' });
    const onnx = suite.photo_onnx(4);
    const app = await import('/app/inlarge.js');
    const { memory } = await app.default({ module_or_path: '/app/inlarge_bg.wasm' });
    const engine = await app.Engine.create('simd', false);
    await engine.prepare(0, 1, onnx, 3, side, side);
    const tile = new Float32Array(3 * side * side).fill(0.5);
    let result;
    for (let i = 0; i < runs; i += 1) result = await engine.run(0, tile);
    postMessage({ bytes: memory.buffer.byteLength, values: result.length });
  };`;

interface Seen {
  readonly bytes: number;
  readonly values: number;
}

/** Runs tiles of `side` pixels in a worker of the package `name`. */
async function memoryFor(page: Page, name: string, side: number, runs: number): Promise<Seen> {
  const server = await PlainServer.start({
    files: { '/': '<!doctype html><title>memory</title>', '/worker.js': WORKER },
    folders: { '/suite/': `${ROOT}.cache/wasm/suite`, '/app/': `${ROOT}www/wasm/${name}` },
  });
  await page.goto(`${server.origin}/`);
  const seen = await page.evaluate(
    (work) =>
      new Promise<Seen>((resolve, reject) => {
        const worker = new Worker('/worker.js', { type: 'module' });
        worker.onmessage = ({ data }) => resolve(data as Seen);
        worker.onerror = (event) => reject(new Error(event.message));
        worker.postMessage(work);
      }),
    { side, runs },
  );
  await server.stop();
  console.log(`  ${name}: ${(seen.bytes / MIB).toFixed(1)} MiB for tiles of ${side} pixels`);
  return seen;
}

for (const name of ['app', 'app-relaxed']) {
  test(`a worker of ${name} runs photo x4 on tiles of 128 in 64 MB`, async ({ page }) => {
    const { bytes, values } = await memoryFor(page, name, SIDE, 3);
    expect(values).toBe(3 * 16 * SIDE * SIDE);
    expect(bytes).toBeLessThanOrEqual(MOST);
  });
}

test('a tile of nine times the pixels takes more', async ({ page }) => {
  expect((await memoryFor(page, 'app-relaxed', 3 * SIDE, 1)).bytes).toBeGreaterThan(MOST);
});
