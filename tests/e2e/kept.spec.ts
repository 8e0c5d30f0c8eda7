import { expect, test, type Page } from '@playwright/test';
import { App, contentOf, SMALL, upload } from './support/app.ts';
import { png, scene } from './support/png.ts';
import { PlainServer } from './support/server.ts';

// A model that is held back would come from the cache otherwise.
test.use({ serviceWorkers: 'block' });

const FILES = [upload('one.png', png(40, 30, scene)), upload('two.png', png(40, 30, (x, y, channel) => scene(y, x, channel)))];

async function savedBy(page: Page, button: string): Promise<Buffer> {
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: button, exact: true }).click();
  return contentOf(await download);
}

test('results stay, and can be saved, until others take their place', async ({ page }) => {
  let pass = (): void => {};
  const held = new Promise<void>((resolve) => (pass = resolve));
  const server = await PlainServer.start({
    site: true,
    change: async (path, file) => {
      if (path.startsWith('/models/photo-x2')) await held;
      return file;
    },
  });
  const app = await App.open(page, 'simd', server.origin);
  await app.model.selectOption('photo-fast');
  await app.scale.selectOption('2');
  await app.add(...FILES);
  const first = await app.upscale();
  const done = page.getByRole('list', { name: 'Pictures' }).getByText(/^80 × 60/);
  await expect(done).toHaveCount(2);

  // A run that is cancelled.
  await app.model.selectOption('photo');
  await app.upscaleButton.click();
  await expect(app.progress).toBeVisible();
  await page.getByRole('list', { name: 'Pictures' }).getByRole('button', { name: /^two.png/ }).click();
  expect(await savedBy(page, 'Save the result from before')).toEqual(first);
  await expect(page.getByRole('slider', { name: 'Divider' })).toBeVisible();
  await app.cancelButton.click();
  await expect(done).toHaveCount(2);
  await expect(page.getByRole('button', { name: 'Save all as ZIP' })).toBeVisible();
  expect(await savedBy(page, 'Save')).toEqual(first);

  // A plan that cannot be met.
  await app.scale.selectOption('Exact size');
  await page.getByLabel('Size by').selectOption('Fit 4K (3840 × 2160)');
  await expect(page.locator('.plan')).toContainText('Choose at most');
  await app.upscaleButton.click();
  await expect(page.getByRole('list', { name: 'Pictures' }).getByText('Failed')).toHaveCount(2, { timeout: SMALL });
  await expect(app.verdict).toBeVisible();
  expect(await savedBy(page, 'Save')).toEqual(first);

  // What was made for the settings needs no second run.
  await app.scale.selectOption('2');
  await app.model.selectOption('photo-fast');
  await expect(app.upscaleButton).toBeHidden();

  pass();
  await app.model.selectOption('photo');
  await app.upscaleButton.click();
  await expect(app.saveButton).toBeVisible({ timeout: SMALL });
  await expect(done).toHaveCount(2);
  expect(await savedBy(page, 'Save')).not.toEqual(first);
  await server.stop();
});

test('a save dialog that is closed starts nothing', async ({ page }) => {
  await page.addInitScript(() => {
    let asked = 0;
    Object.assign(globalThis, {
      showSaveFilePicker: async ({ suggestedName }: { suggestedName: string }) => {
        asked += 1;
        if (asked < 3) throw new DOMException('The user aborted a request.', 'AbortError');
        return (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true });
      },
    });
  });
  const app = await App.open(page, 'simd');
  await app.scale.selectOption('2');
  await app.add(upload('one.png', png(40, 30, scene)));
  await expect(page.locator('.plan')).toContainText('80 × 60');
  const before = await app.upscale();

  await app.scale.selectOption('3');
  await expect(page.locator('.plan')).toContainText('120 × 90');
  await page.locator('summary').filter({ hasText: 'More' }).click();
  await page.getByLabel('Write straight to a file').check();
  for (let time = 0; time < 2; time += 1) {
    await app.upscaleButton.click();
    await expect(page.getByText('Nothing was started: no file was chosen')).toBeAttached();
    await expect(app.upscaleButton).toBeEnabled();
  }
  expect(await savedBy(page, 'Save')).toEqual(before);

  await app.upscaleButton.click();
  await expect(page.getByText('Written to one-3x.png')).toBeVisible({ timeout: SMALL });
});
