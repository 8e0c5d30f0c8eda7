import { expect, test } from '@playwright/test';
import { App, contentOf, SMALL, upload } from './support/app.ts';
import { compare } from './support/pictures.ts';
import { png, scene } from './support/png.ts';

/** Names and contents of the files in an archive, which must be stored without compression. */
function unzip(archive: Buffer): Map<string, Buffer> {
  const end = archive.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  let at = archive.readUInt32LE(end + 16);
  const files = new Map<string, Buffer>();
  for (let left = archive.readUInt16LE(end + 10); left > 0; left -= 1) {
    const [nameLength, extra, comment] = [archive.readUInt16LE(at + 28), archive.readUInt16LE(at + 30), archive.readUInt16LE(at + 32)];
    const name = archive.toString('utf8', at + 46, at + 46 + nameLength);
    const local = archive.readUInt32LE(at + 42);
    const data = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    files.set(name, archive.subarray(data, data + archive.readUInt32LE(at + 24)));
    at += 46 + nameLength + extra + comment;
  }
  return files;
}

test('what a batch is making is told for the settings as they are', async ({ page }) => {
  const app = await App.open(page, 'simd');
  const plan = page.locator('.plan');
  await app.add(upload('one.png', png(320, 240, scene)), upload('two.png', png(40, 30, scene)));
  await expect(plan).toContainText('1280 × 960');
  await page.getByRole('list', { name: 'Pictures' }).getByRole('button', { name: /^two.png/ }).click();
  await expect(plan).toContainText('160 × 120');
  await app.scale.selectOption('3');
  await expect(plan).toContainText('120 × 90');
  await app.upscaleButton.click();
  await expect(page.getByRole('heading', { name: 'one.png' })).toBeVisible();
  await expect(plan).toContainText('960 × 720');
  await app.cancelButton.click();
});

test('a broken picture does not stop the batch, and the results come as a ZIP', async ({ page }) => {
  const app = await App.open(page, 'simd');
  const whole = png(40, 30, scene);
  await app.add(upload('one.png', whole), upload('broken.png', whole.subarray(0, 90)), upload('three.png', png(31, 44, scene)));
  await app.upscaleButton.click();
  const list = page.getByRole('list', { name: 'Pictures' });
  await expect(list.getByText('Failed')).toHaveCount(1, { timeout: SMALL });
  await expect(list.getByText(/^160 × 120/)).toBeVisible({ timeout: SMALL });
  await expect(list.getByText(/^124 × 176/)).toBeVisible({ timeout: SMALL });
  await list.getByRole('button', { name: /^broken.png/ }).click();
  await expect(app.verdict).toBeVisible();

  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save all as ZIP' }).click();
  const files = unzip(await contentOf(await download));
  expect([...files.keys()].map((name) => name.replace(/[-_].*$/, '')).sort()).toEqual(['one', 'three']);
  const sizes = await Promise.all([...files.values()].map((file) => compare(page, file, file)));
  expect(sizes.map(({ width, height }) => `${width} x ${height}`).sort()).toEqual(['124 x 176', '160 x 120']);
});
