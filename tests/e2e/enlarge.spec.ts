import { expect, test, type Page } from '@playwright/test';
import { App, SMALL, upload } from './support/app.ts';
import { enlargeByCommandLine } from './support/command-line.ts';
import { compare, redraw } from './support/pictures.ts';
import { png, scene } from './support/png.ts';

/** Page and command line may differ by rounding: one step of 255. */
const TOLERANCE = 1;

const PICTURE = upload('scene.png', png(72, 52, scene));

async function expectSame(page: Page, ours: Buffer, theirs: Buffer): Promise<void> {
  const result = await compare(page, ours, theirs);
  if (result.difference > TOLERANCE) {
    for (const [name, body] of [['page.png', ours], ['command-line.png', theirs], ['difference.png', result.map]] as const) {
      await test.info().attach(name, { body, contentType: 'image/png' });
    }
  }
  expect(result.difference, `${result.pixels} pixels differ`).toBeLessThanOrEqual(TOLERANCE);
}

for (const engine of ['gpu', 'simd', 'tract', 'reference'] as const) {
  for (const scale of [2, 4]) {
    test(`${engine} enlarges ${scale} times, and agrees with the command line`, async ({ page }) => {
      const app = await App.open(page, engine);
      if (engine === 'gpu') await expect(app.status).toContainText(/swiftshader/i);
      await app.add(PICTURE);
      await app.scale.selectOption(`${scale}`);
      const ours = await app.upscale();
      const theirs = await enlargeByCommandLine(PICTURE.name, PICTURE.buffer, scale);
      await expectSame(page, ours, theirs);
    });
  }
}

test('a changed pixel is noticed', async ({ page }) => {
  await page.goto('./');
  const same = await redraw(page, PICTURE.buffer, 'image/png');
  expect((await compare(page, PICTURE.buffer, same)).difference).toBe(0);
  const changed = await redraw(page, PICTURE.buffer, 'image/png', { x: 71, y: 51, by: TOLERANCE + 1 });
  const seen = await compare(page, PICTURE.buffer, changed);
  expect(seen.pixels).toBe(1);
  expect(seen.difference).toBeGreaterThan(TOLERANCE);
  await expect(expectSame(page, PICTURE.buffer, changed)).rejects.toThrow('1 pixels differ');
});

test('Cancel leaves a usable page within a second', async ({ page }) => {
  const app = await App.open(page, 'simd');
  await app.add(upload('large.png', png(1200, 900, scene)));
  await app.upscaleButton.click();
  await expect(app.progress).toHaveAttribute('aria-valuetext', /Tile [2-9]/, { timeout: SMALL });
  await app.cancelButton.click();
  await expect(app.upscaleButton).toBeEnabled({ timeout: 1000 });
  await expect(app.progress).toBeHidden();
  await page.getByRole('button', { name: 'Remove' }).click();
  await app.add(PICTURE);
  const { width, height } = await compare(page, ...(await twice(app)));
  expect([width, height]).toEqual([288, 208]);
});

/** The same result twice, for its size. */
async function twice(app: App): Promise<[Buffer, Buffer]> {
  const result = await app.upscale();
  return [result, result];
}

for (const engine of ['gpu', 'simd'] as const) {
  test(`${engine} makes a 3072 x 2048 PNG of a 768 x 512 JPEG`, async ({ page }) => {
    test.setTimeout(600_000);
    const app = await App.open(page, engine);
    const jpeg = await redraw(page, png(768, 512, scene), 'image/jpeg');
    await app.add(upload('photo.jpg', jpeg));
    const started = Date.now();
    const ours = await app.upscale(540_000);
    console.log(`768 x 512 to 3072 x 2048 on ${engine}: ${((Date.now() - started) / 1000).toFixed(1)} s`);
    expect(ours.subarray(1, 4).toString()).toBe('PNG');
    expect([ours.readUInt32BE(16), ours.readUInt32BE(20)]).toEqual([3072, 2048]);
    await expectSame(page, ours, await enlargeByCommandLine('photo.jpg', jpeg, 4));
  });
}
