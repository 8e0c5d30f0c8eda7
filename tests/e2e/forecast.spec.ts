import { expect, test, type Page } from '@playwright/test';
import { App, SMALL, upload } from './support/app.ts';
import { png, scene } from './support/png.ts';

const PICTURE = upload('scene.png', png(600, 400, scene));
const costs = (page: Page) => page.locator('.costs');
const advice = (page: Page) => page.locator('.advice');

/** Paces as an earlier visit would have left them, in seconds for each multiply-add. */
async function remember(page: Page, paces: Record<string, number>): Promise<void> {
  await page.addInitScript((values) => localStorage.setItem('inlarge-throughput', JSON.stringify(values)), paces);
}

test('time is measured before the first picture, and file and memory are named with it', async ({ page }) => {
  const app = await App.open(page, 'simd');
  await app.add(PICTURE);
  await expect(costs(page)).toHaveText(/^\s*file 4\.0 MB, memory \d+ MB$/);
  await expect(costs(page)).toHaveText(/(A moment|About \d+ (s|min)), file 4\.0 MB/, { timeout: SMALL });
  const known = await page.evaluate(() => JSON.parse(localStorage.getItem('inlarge-throughput') ?? '{}') as Record<string, number>);
  expect(Object.keys(known)).toEqual(['simd photo-fast-x4-web']);
  expect(Object.values(known)[0]).toBeGreaterThan(0);
  await app.page.getByLabel('Format').selectOption('JPEG');
  await expect(costs(page)).toContainText('file 691 kB');
});

test('timing gives way to the user’s picture, and is made up for afterwards', async ({ page }) => {
  // The button is pressed as soon as a picture to time is there.
  await page.addInitScript(() => {
    const { convertToBlob } = OffscreenCanvas.prototype;
    const timings: number[] = ((globalThis as { timings?: number[] }).timings = []);
    OffscreenCanvas.prototype.convertToBlob = function (options) {
      if (timings.push(this.width) === 1) {
        const button = document.querySelector('inlarge-app')?.shadowRoot?.querySelector<HTMLElement>('.actions .primary');
        setTimeout(() => button?.click(), 50);
      }
      return convertToBlob.call(this, options);
    };
  });
  const app = await App.open(page, 'simd');
  // A single tile says nothing of the pace.
  await app.add(upload('small.png', png(60, 40, scene)));
  await app.finish();
  const known = () => page.evaluate(() => Object.keys(JSON.parse(localStorage.getItem('inlarge-throughput') ?? '{}') as object));
  await expect.poll(known, { timeout: SMALL }).toEqual(['simd photo-fast-x4-web']);
  // One that was stopped, and the two of a timing.
  expect(await page.evaluate(() => (globalThis as { timings?: number[] }).timings)).toEqual([128, 128, 128]);
});

test('what would take over a minute comes with something faster', async ({ page }) => {
  await remember(page, { 'simd photo-fast-x4-web': 1e-7, 'simd photo-fast-x2-web': 1e-9 });
  const app = await App.open(page, 'simd');
  await app.add(PICTURE);
  await expect(advice(page)).toHaveText(/This will take about 7 min; 2 times as large takes about \d+ s\./);
  await app.scale.selectOption('2');
  await expect(advice(page)).toHaveCount(0);
});

test('a disk that is too small comes with what fits', async ({ page }) => {
  await remember(page, { 'simd photo-fast-x4-web': 1e-11, 'simd photo-fast-x2-web': 1e-11 });
  await page.addInitScript(() => {
    StorageManager.prototype.estimate = () => Promise.resolve({ quota: 5e6, usage: 1e6 });
  });
  const app = await App.open(page, 'simd');
  await app.add(PICTURE);
  await expect(advice(page)).toContainText('room for 4.0 MB; as JPEG it would take about 691 kB.');
  await page.getByLabel('Format').selectOption('JPEG');
  await expect(advice(page)).toHaveCount(0);
  await app.scale.selectOption('16');
  await expect(advice(page)).toContainText('choose a smaller size, or free some space');
});
