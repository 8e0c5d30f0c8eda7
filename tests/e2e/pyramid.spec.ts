import { expect, test } from '@playwright/test';
import { ROOT } from './support/environment.ts';
import { profile } from './support/icc.ts';
import { png, scene } from './support/png.ts';
import { beforeCoordinator, PlainServer } from './support/server.ts';

const PACKAGE = `${ROOT}dist/npm/`;
const [WIDTH, HEIGHT] = [90, 60];
type Library = typeof import('../../www/lib/index.ts');

for (const space of ['swapped', 'grey'] as const) {
  test(`tiles and the reduced picture keep the colours of a profile: ${space}`, async ({ page }) => {
    const colour = space === 'grey' ? 'grey' : 'rgb';
    const files = {
      '/': '<!doctype html><title>profiles</title>',
      '/tagged.png': png(WIDTH, HEIGHT, scene, { colour, profile: profile(space) }),
      '/plain.png': png(WIDTH, HEIGHT, scene, { colour }),
    };
    const server = await PlainServer.start({ files, folders: { '/inlarge/': PACKAGE } });
    await page.goto(`${server.origin}/`);
    const distances = await page.evaluate(
      async ([entry, width, height]) => {
        const { createUpscaler } = (await import(entry)) as Library;
        const [blob, plain] = await Promise.all(['/tagged.png', '/plain.png'].map(async (path) => (await fetch(path)).blob()));
        const up = await createUpscaler({ backend: 'simd', workers: 1 });
        const pyramid = await up.pyramid({ blob: blob!, width, height });
        const shown = async (file: Blob): Promise<Uint8ClampedArray> => {
          const context = new OffscreenCanvas(width, height).getContext('2d')!;
          context.drawImage(await createImageBitmap(file), 0, 0);
          return context.getImageData(0, 0, width, height).data;
        };
        const truth = await shown(blob!);
        const distance = async (file: Blob): Promise<number> => {
          const other = await shown(file);
          return truth.reduce((sum, value, index) => sum + Math.abs(value - other[index]!), 0) / (truth.length * 0.75);
        };
        return { tile: await distance(pyramid!.tiles[0]!), reduced: await distance(pyramid!.reduced), plain: await distance(plain!) };
      },
      [`${server.origin}/inlarge/index.js`, WIDTH, HEIGHT] as const,
    );
    console.log(`  ${space}: ${JSON.stringify(distances)}`);
    expect(distances.tile).toBeLessThan(4);
    expect(distances.reduced).toBeLessThan(4);
    // The twin: without the profile it is another picture.
    expect(distances.plain).toBeGreaterThan(8);
    await server.stop();
  });
}

test('a picture is cut up although another one was cancelled meanwhile', async ({ page }) => {
  // A coordinator that is too busy to answer a cancel is ended. This one says when it begins to be.
  const change = beforeCoordinator(`{
    const { convertToBlob } = OffscreenCanvas.prototype;
    OffscreenCanvas.prototype.convertToBlob = function (options) {
      new BroadcastChannel('busy').postMessage('cutting up');
      for (const until = performance.now() + 600; performance.now() < until; );
      return convertToBlob.call(this, options);
    };
  }`);
  const files = {
    '/': '<!doctype html><title>cancelled</title>',
    '/picture.png': png(WIDTH, HEIGHT, scene),
    // Not made before the other one is cut up.
    '/large.png': png(8 * WIDTH, 8 * HEIGHT, scene),
  };
  const server = await PlainServer.start({ files, change, folders: { '/inlarge/': PACKAGE } });
  await page.goto(`${server.origin}/`);
  const seen = await page.evaluate(
    async ([entry, width, height]) => {
      const { createUpscaler } = (await import(entry)) as Library;
      const up = await createUpscaler({ backend: 'simd', workers: 1 });
      const [blob, large] = await Promise.all(['/picture.png', '/large.png'].map(async (path) => (await fetch(path)).blob()));
      const stop = new AbortController();
      new BroadcastChannel('busy').addEventListener('message', () => { stop.abort(); });
      const cancelled = up.upscale(large!, { scale: 4, signal: stop.signal }).then(() => 'made', (error: Error) => error.name);
      const pyramid = up.pyramid({ blob: blob!, width, height });
      return [await cancelled, (await pyramid)?.tiles.length];
    },
    [`${server.origin}/inlarge/index.js`, WIDTH, HEIGHT] as const,
  );
  expect(seen).toEqual(['AbortError', 1]);
  expect(server.asked.filter((path) => path.endsWith('coordinator.js'))).toHaveLength(2);
  await server.stop();
});
