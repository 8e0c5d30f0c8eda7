import { readFile } from 'node:fs/promises';
import { expect, test } from '@playwright/test';
import { ROOT } from './support/environment.ts';
import { PlainServer } from './support/server.ts';

type Library = typeof import('../../www/lib/index.ts');

test('auto takes the model that suits what the picture shows, and says what it took it for', async ({ page }) => {
  const files = {
    '/': '<!doctype html><title>auto</title>',
    '/text': await readFile(`${ROOT}docs/images/models-text-x2.webp`),
    '/art': await readFile(`${ROOT}docs/images/models-art-x2.webp`),
    '/photo': await readFile(`${ROOT}www/public/example.jpg`),
  };
  const server = await PlainServer.start({ files, folders: { '/inlarge/': `${ROOT}dist/npm/` } });
  await page.goto(`${server.origin}/`);
  const made = await page.evaluate(async (entry) => {
    const { createUpscaler } = (await import(entry)) as Library;
    const up = await createUpscaler({ backend: 'simd', workers: 1 });
    const small = async (path: string): Promise<Blob> => {
      // A part, for time's sake: of the sheets the second picture as it was, in the last column.
      const [left, top] = path === '/photo' ? [0, 0] : [392, 196];
      const bitmap = await createImageBitmap(await (await fetch(path)).blob(), left, top, 192, 192);
      const canvas = new OffscreenCanvas(192, 192);
      canvas.getContext('2d')!.drawImage(bitmap, 0, 0);
      return canvas.convertToBlob({ type: 'image/png' });
    };
    const picked: unknown[] = [];
    for (const path of ['/text', '/art', '/photo']) {
      const picture = await small(path);
      const { report } = await up.upscale(picture, { scale: 2 });
      const planned = await up.plan({ width: 192, height: 192, kind: await up.kind(picture) }, { scale: 4 });
      picked.push([report.kind, report.model, planned?.passes]);
    }
    const { report } = await up.upscale(await small('/text'), { scale: 2, model: 'photo-fast' });
    const web = await up.upscale(await small('/text'), { scale: 2, variant: 'bicubic' });
    // The first column is enlarged already: soft, which the model for drawings has not learned.
    const softKinds: unknown[] = [];
    for (const path of ['/text', '/art']) {
      const soft = new OffscreenCanvas(192, 192);
      soft.getContext('2d')!.drawImage(await createImageBitmap(await (await fetch(path)).blob(), 0, 196, 192, 192), 0, 0);
      softKinds.push(await up.kind(await soft.convertToBlob({ type: 'image/png' })));
    }
    return { softKinds, picked, asked: [report.kind, report.model], variant: web.report.model };
  }, `${server.origin}/inlarge/index.js`);
  expect(made.picked).toEqual([
    ['text', 'text-x2-web', ['text-x2-web', 'text-x2-web']],
    ['art', 'art-x2-web', ['art-x2-web', 'art-x2-web']],
    ['photo', 'photo-fast-x2-web', ['photo-fast-x4-web']],
  ]);
  expect(made.softKinds).toEqual(['text', 'photo']);
  // What is asked for is taken, whatever the picture shows; a variant that suits no model of it is left out.
  expect(made.asked).toEqual([null, 'photo-fast-x2-web']);
  expect(made.variant).toBe('text-x2-web');
  await server.stop();
});
