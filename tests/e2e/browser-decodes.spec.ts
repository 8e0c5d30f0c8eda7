import { expect, test } from '@playwright/test';
import { App, upload } from './support/app.ts';
import { ROOT } from './support/environment.ts';
import { compare, icon } from './support/pictures.ts';
import { png, scene } from './support/png.ts';
import { beforeCoordinator, PlainServer } from './support/server.ts';

type Library = typeof import('../../www/lib/index.ts');

test('a file that only the browser decodes is enlarged as the browser sees it, and the report says so', async ({ page }) => {
  const app = await App.open(page, 'simd');
  const picture = png(48, 32, scene);
  await app.scale.selectOption('2');
  await app.add({ name: 'sign.ico', mimeType: 'image/x-icon', buffer: icon(picture, 48, 32) });
  const ours = await app.upscale();
  await expect(page.getByText('The browser decoded this file, in 8 bits')).toBeVisible();

  await page.getByRole('button', { name: 'Remove' }).click();
  await app.add(upload('sign.png', picture));
  const direct = await app.upscale();
  await expect(page.getByText('The browser decoded this file')).toBeHidden();
  expect((await compare(page, ours, direct)).difference).toBeLessThanOrEqual(1);

  // The twin: what the browser cannot decode either keeps the engine's own words.
  await page.getByRole('button', { name: 'Remove' }).click();
  await app.add({ name: 'broken.ico', mimeType: 'image/x-icon', buffer: icon(picture, 48, 32).subarray(0, 40) });
  expect(await app.refusal()).toContain('an icon file, which cannot be read');
});

/** What a browser may do against being recognised: another pixel here and there, in what is read and in what is saved. */
const ALTERED = `
  for (const kind of [globalThis.CanvasRenderingContext2D, OffscreenCanvasRenderingContext2D]) {
    if (!kind) continue;
    const read = kind.prototype.getImageData;
    kind.prototype.getImageData = function (...box) {
      const data = read.apply(this, box);
      for (let at = 0; at < data.data.length; at += 4 * 97) data.data[at] ^= 1;
      return data;
    };
  }`;
const ALTERED_FILES = `
  const save = OffscreenCanvas.prototype.convertToBlob;
  OffscreenCanvas.prototype.convertToBlob = function (...how) {
    this.getContext('2d').fillRect(0, 0, 1, 1);
    return save.apply(this, how);
  };`;

for (const [what, code] of [['pixels', ALTERED], ['files', ALTERED_FILES]] as const) {
  test(`where the browser alters ${what} of a canvas, what needs one is refused and the rest works`, async ({ page }) => {
    await page.addInitScript(code);
    const files = { '/': '<!doctype html><title>host</title>', '/picture.png': png(48, 32, scene), '/sign.ico': icon(png(48, 32, scene), 48, 32) };
    const server = await PlainServer.start({ files, folders: { '/inlarge/': `${ROOT}dist/npm/` }, change: beforeCoordinator(code) });
    await page.goto(`${server.origin}/`);
    const seen = await page.evaluate(async (entry) => {
      const { createUpscaler } = (await import(entry)) as Library;
      const up = await createUpscaler({ backend: 'simd', workers: 1 });
      const said = (work: Promise<unknown>): Promise<string> => work.then(() => 'done', (error: { kind?: string; message: string }) => `${error.kind}: ${error.message}`);
      const bitmap = await createImageBitmap(await (await fetch('/picture.png')).blob());
      const direct = await up.upscale('/picture.png', { scale: 2 });
      return {
        width: direct.width,
        icon: await said(up.upscale('/sign.ico', { scale: 2 })),
        bitmap: await said(up.upscale(bitmap, { scale: 2 })),
        preview: await said(up.preview('/picture.png', 32)),
        pyramid: await said(up.pyramid(direct)),
      };
    }, `${server.origin}/inlarge/index.js`);
    const { width, ...refused } = seen;
    expect(width).toBe(96);
    for (const [kind, said] of Object.entries(refused)) {
      expect(said, kind).toMatch(/^device: This browser alters the pixels .* Choose the picture as a PNG, .* privacy\.resistFingerprinting/);
    }
    await server.stop();
  });
}
