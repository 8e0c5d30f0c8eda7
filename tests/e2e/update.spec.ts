import { expect, test, type Page } from '@playwright/test';
import { App, SMALL, upload } from './support/app.ts';
import { png, scene } from './support/png.ts';
import { PlainServer } from './support/server.ts';

const NEWS = 'A new version is ready.';

/** Puts a mark on a page that a reload wipes off. */
async function mark(page: Page): Promise<void> {
  await page.evaluate(() => Object.assign(globalThis, { marked: true }));
}

function isMarked(page: Page): Promise<boolean> {
  return page.evaluate(() => 'marked' in globalThis);
}

test('“Reload” reloads the tab that it is pressed in; the others are told and go on', async ({ page: other, context }) => {
  test.setTimeout(240_000);
  let version = 1;
  const server = await PlainServer.start({ site: true, change: (path, file) => (path === '/sw.js' ? `${file.toString()}\n// ${version}` : file) });
  const app = await App.open(other, undefined, server.origin);
  await other.evaluate(async () => (await navigator.serviceWorker.ready).active?.state);
  const page = await context.newPage();
  await App.open(page, 'simd', server.origin);
  await app.choose('simd');
  for (const tab of [page, other]) {
    await expect.poll(() => tab.evaluate(() => navigator.serviceWorker.controller?.state)).toBe('activated');
    await mark(tab);
  }

  version = 2;
  await page.evaluate(async () => void (await (await navigator.serviceWorker.ready).update()));
  for (const tab of [page, other]) await expect(tab.getByText(NEWS)).toBeVisible({ timeout: SMALL });
  await app.add(upload('large.png', png(900, 700, scene)));
  await app.upscaleButton.click();
  await expect(app.progress).toHaveAttribute('aria-valuetext', /Tile [2-9]/, { timeout: SMALL });
  await expect(other.getByText('It can start when this run is done.')).toBeVisible();

  await page.getByRole('button', { name: 'Reload' }).click();
  await expect.poll(() => isMarked(page).catch(() => true), { timeout: SMALL }).toBe(false);
  await expect(app.saveButton).toBeVisible({ timeout: 120_000 });
  expect(await isMarked(other)).toBe(true);
  await expect(other.getByText(`${NEWS} Save your results before you reload.`)).toBeVisible();
  await other.getByRole('button', { name: 'Reload' }).click();
  await expect.poll(() => isMarked(other).catch(() => true), { timeout: SMALL }).toBe(false);
  await expect(other.getByText(NEWS)).toBeHidden();
  await server.stop();
});
