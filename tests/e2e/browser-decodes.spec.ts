import { expect, test } from '@playwright/test';
import { App, upload } from './support/app.ts';
import { compare, icon } from './support/pictures.ts';
import { png, scene } from './support/png.ts';

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
