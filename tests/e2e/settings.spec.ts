import { expect, test, type Page } from '@playwright/test';
import { App, SMALL, upload } from './support/app.ts';
import { compare } from './support/pictures.ts';
import { png, scene } from './support/png.ts';

const PICTURE = upload('scene.png', png(60, 40, scene));

/** The line that says what size comes out, and its file's header. */
const planned = (page: Page) => page.locator('.plan');
const sizeOf = (file: Buffer): number[] => [file.readUInt32BE(16), file.readUInt32BE(20)];

test('every way to name a size is shown in pixels and on paper before it is made', async ({ page }) => {
  const app = await App.open(page, 'simd');
  await app.add(PICTURE);
  await app.scale.selectOption('3');
  await expect(planned(page)).toHaveText(/180 × 120 pixels\s*1\.5 × 1\.0\scm at 300\sDPI/);
  await app.scale.selectOption('Exact size');
  const by = page.getByLabel('Size by');
  const cases: [measure: string, field: string, value: string, said: string][] = [
    ['Long edge', 'Pixels', '150', '150 × 100'],
    ['Width', 'Pixels', '240', '240 × 160'],
    ['Height', 'Pixels', '240', '360 × 240'],
    ['Megapixels', 'Millions', '0.06', '300 × 200'],
  ];
  for (const [measure, field, value, said] of cases) {
    await by.selectOption(measure);
    await page.getByRole('spinbutton', { name: field }).fill(value);
    await expect(planned(page)).toContainText(said);
  }
  await by.selectOption('Print');
  await page.getByLabel('Sheet width').fill('6');
  await page.getByLabel('Sheet height').fill('4');
  await page.getByLabel('DPI').fill('50');
  await page.getByLabel('Unit').selectOption('in');
  await expect(planned(page)).toHaveText(/300 × 200 pixels\s*6\.0 × 4\.0\sin at 50\sDPI/);
  expect(sizeOf(await app.upscale())).toEqual([300, 200]);

  // The twin: a size that cannot be reached is refused with what can.
  await by.selectOption('Fit 4K (3840 × 2160)');
  await expect(planned(page)).toContainText('Choose at most 960 x 640 pixels');
});

test('what came out names the network’s part, the lock and how well it agrees', async ({ page }) => {
  const app = await App.open(page, 'simd');
  await app.add(PICTURE);
  await app.scale.selectOption('3');
  await app.upscale();
  const outcome = page.getByRole('region', { name: 'What came out' });
  await expect(outcome).toContainText('4× by the network, then resampled to 3×');
  await expect(outcome).toContainText(/Locked/);
  await expect(outcome).toContainText(/\d\d\.\d dB, scaled back down by \w+/);

  await page.locator('summary').filter({ hasText: 'More' }).click();
  await page.getByRole('combobox', { name: 'Fidelity' }).selectOption('Off');
  await app.scale.selectOption('2');
  await app.upscaleButton.click();
  await expect(outcome).toContainText('2× by the network, all of it', { timeout: SMALL });
  await expect(outcome).toContainText('Off: as the network says');
});

test('what restores leaves the size as it is; with another model the picture grows again', async ({ page }) => {
  const app = await App.open(page, 'simd');
  await app.add(PICTURE);
  await app.model.selectOption('restore');
  await app.scale.selectOption('1');
  await expect(planned(page)).toContainText('60 × 40');
  expect(sizeOf(await app.upscale())).toEqual([60, 40]);
  await expect(page.getByRole('region', { name: 'What came out' })).toContainText('restored at its own size');
  await app.model.selectOption('photo-fast');
  await expect(app.scale.locator('option[value="1"]')).toHaveCount(0);
  await expect(planned(page)).toContainText('120 × 80');
});

test('restore takes away all noise unless told to take less, and none where told none', async ({ page }) => {
  const app = await App.open(page, 'simd');
  await app.add(PICTURE);
  await page.locator('summary').filter({ hasText: 'More' }).click();
  const denoise = page.getByRole('slider', { name: 'Denoise' });
  await expect(denoise).toHaveValue('0');
  await app.model.selectOption('restore');
  await app.scale.selectOption('1');
  await expect(denoise).toHaveValue('100');
  const all = await app.upscale();
  await denoise.fill('0');
  await app.upscaleButton.click();
  await expect(app.upscaleButton).toBeHidden({ timeout: SMALL });
  const none = await app.finish();
  expect((await compare(page, none, PICTURE.buffer)).difference).toBe(0);
  expect((await compare(page, all, PICTURE.buffer)).difference).toBeGreaterThan(0);
});

test('the fidelity map lies over the result on demand, with a legend', async ({ page }) => {
  const app = await App.open(page, 'simd');
  await app.add(PICTURE);
  await app.upscale();
  const overlay = page.locator('inlarge-compare .layer.over img');
  await expect(overlay).toHaveCount(0);
  await page.getByLabel('Show the fidelity map').check();
  await expect(page.getByRole('note')).toContainText('contradicted');
  expect(await overlay.evaluate((image: HTMLImageElement) => [image.naturalWidth, image.naturalHeight])).toEqual([60, 40]);
  await page.getByLabel('Show the fidelity map').uncheck();
  await expect(overlay).toHaveCount(0);
});

test('denoise, grain and seamless edges change the picture', async ({ page }) => {
  const app = await App.open(page, 'simd');
  await app.add(PICTURE);
  await app.scale.selectOption('2');
  const made = [await app.upscale()];
  await page.locator('summary').filter({ hasText: 'More' }).click();
  const changes: (() => Promise<unknown>)[] = [
    () => page.getByRole('slider', { name: 'Grain' }).fill('60'),
    () => page.getByRole('slider', { name: 'Denoise' }).fill('80'),
    () => page.getByLabel('Seamless texture').check(),
  ];
  for (const change of changes) {
    await change();
    await app.upscaleButton.click();
    await expect(app.upscaleButton).toBeHidden({ timeout: SMALL });
    made.push(await app.finish());
  }
  expect(new Set(made.map((file) => file.toString('base64'))).size).toBe(made.length);
});
