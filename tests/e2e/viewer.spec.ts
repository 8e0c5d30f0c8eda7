import { readFile } from 'node:fs/promises';
import { expect, test, type Page } from '@playwright/test';
import { App, SMALL, upload } from './support/app.ts';
import { BLOCK, forgetBlocks, longestBlock, watchBlocks } from './support/blocks.ts';
import { png, scene } from './support/png.ts';
import { stored } from './support/storage.ts';

/** Mean difference of what is drawn at the viewport's middle at 1:1 from the saved file there, in steps of 1/255. */
async function distanceAtMiddle(page: Page, file: Buffer, shift: number): Promise<number> {
  return page.evaluate(
    async ([text, by]) => {
      const app = document.querySelector('inlarge-app')?.shadowRoot;
      const canvas = app?.querySelector('inlarge-compare')?.shadowRoot?.querySelector<HTMLCanvasElement>('.tiles canvas');
      if (!canvas) throw new Error('there are no tiles');
      const side = 128;
      const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes]));
      const truth = new OffscreenCanvas(side, side).getContext('2d', { willReadFrequently: true })!;
      truth.drawImage(bitmap, -(bitmap.width / 2 - side / 2 + by), -(bitmap.height / 2 - side / 2));
      const [a, b] = [truth.getImageData(0, 0, side, side).data, canvas.getContext('2d')!.getImageData(canvas.width / 2 - side / 2, canvas.height / 2 - side / 2, side, side).data];
      return a.reduce((sum, value, index) => sum + Math.abs(value - (b[index] ?? 0)), 0) / (a.length * 0.75);
    },
    [file.toString('base64'), shift] as const,
  );
}

test('a result of more than 16 megapixels lies in the storage and is shown by tiles, equal to the file; the page stays responsive, and removing clears it', async ({ page }) => {
  test.setTimeout(300_000);
  await watchBlocks(page);
  const app = await App.open(page, 'simd');
  await app.add(upload('large.png', png(1060, 1020, scene)));
  await expect(page.locator('.plan')).toContainText('4240 × 4080');
  await forgetBlocks(page);
  await app.upscaleButton.click();
  await expect(app.saveButton).toBeVisible({ timeout: 240_000 });
  await expect(page.getByText('Shown by tiles')).toBeVisible({ timeout: SMALL });
  const longest = await longestBlock(page);
  console.log(`  longest main-thread block: ${longest.toFixed(0)} ms`);
  expect(longest).toBeLessThan(BLOCK);
  // The twin: a block that is too long is seen.
  await page.evaluate((time) => setTimeout(() => {
    for (const until = performance.now() + time; performance.now() < until; );
  }), 2 * BLOCK);
  await expect.poll(() => longestBlock(page)).toBeGreaterThan(BLOCK);
  const sides = await page.locator('inlarge-compare img').evaluateAll((images) => images.map((image) => (image as HTMLImageElement).naturalWidth));
  expect(Math.max(...sides)).toBeLessThanOrEqual(4096);
  expect(sides).toHaveLength(2);

  const download = page.waitForEvent('download');
  await app.saveButton.click();
  const file = await readFile(await (await download).path());
  expect([file.readUInt32BE(16), file.readUInt32BE(20)]).toEqual([4240, 4080]);
  expect(Object.values(await stored(page))).toEqual([file.length]);
  await page.getByRole('button', { name: '1:1' }).click();
  await expect.poll(() => distanceAtMiddle(page, file, 0), { timeout: SMALL }).toBeLessThan(4);
  // The twin: the file's pixels 40 further to the right are another picture.
  expect(await distanceAtMiddle(page, file, 40)).toBeGreaterThan(8);

  await page.getByRole('button', { name: 'Remove' }).click();
  await expect.poll(() => stored(page)).toEqual({});
});

test('a viewport that shows more tiles than are kept decodes each of them once', async ({ page }) => {
  await page.goto('./');
  const seen = await page.evaluate(async () => {
    const edge = 64;
    const columns = 16;
    const [width, height] = [columns * edge, 10 * edge];
    const canvas = new OffscreenCanvas(edge, edge);
    canvas.getContext('2d')?.fillRect(0, 0, edge, edge);
    const tile = await canvas.convertToBlob({ type: 'image/jpeg' });
    let decoded = 0;
    const { createImageBitmap: decode } = globalThis;
    globalThis.createImageBitmap = ((file: Blob) => {
      decoded += 1;
      return decode(file);
    }) as typeof createImageBitmap;
    const viewer = document.createElement('inlarge-compare');
    viewer.style.cssText = `position: fixed; inset: 0 auto auto 0; width: ${width}px; height: ${height}px`;
    const address = URL.createObjectURL(tile);
    const pyramid = { width, height, tile: edge, columns, tiles: Array<Blob>(columns * 10).fill(tile), reduced: tile };
    document.body.append(Object.assign(viewer, { source: address, result: address, width, height, pyramid }));
    await new Promise((resolve) => setTimeout(resolve, 2000));
    return decoded;
  });
  expect(seen).toBe(160);
});
