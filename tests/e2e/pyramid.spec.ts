import { expect, test } from '@playwright/test';
import { ROOT } from './support/environment.ts';
import { profile } from './support/icc.ts';
import { png, scene } from './support/png.ts';
import { PlainServer } from './support/server.ts';

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
