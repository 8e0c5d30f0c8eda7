import { readFile } from 'node:fs/promises';
import { expect, test, type Browser } from '@playwright/test';
import { App, upload } from './support/app.ts';
import { BLOCK, forgetBlocks, longestBlock, watchBlocks } from './support/blocks.ts';
import { png, scene } from './support/png.ts';

const MB = 1e6;
/** Memory that a renderer may take beyond that of an empty page, in bytes. */
const MOST = 900 * MB;

/** Resident memory of the largest renderer, in bytes (Linux). */
async function resident(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const renderers = processInfo.filter(({ type }) => type === 'renderer');
  const sizes = await Promise.all(
    renderers.map(async ({ id }) => {
      const status = await readFile(`/proc/${id}/status`, 'utf8').catch(() => '');
      return 1024 * Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
    }),
  );
  return Math.max(0, ...sizes);
}

test('1024 x 1024 becomes 16384 x 16384 in the storage, in 900 MB, and the page stays responsive', async ({ page, browser }) => {
  test.setTimeout(1_200_000);
  await watchBlocks(page);
  // A browser without a window has nobody to answer its dialog for a file; one that cannot ask writes to the storage.
  await page.addInitScript(() => Object.defineProperty(globalThis, 'showSaveFilePicker', { value: undefined }));
  await page.goto('about:blank');
  const empty = await resident(browser);
  expect(empty).toBeGreaterThan(10 * MB);

  const app = await App.open(page, 'simd');
  await app.add(upload('large.png', png(1024, 1024, scene)));
  await app.scale.selectOption('16');
  await expect(page.locator('.plan')).toContainText('16384 × 16384');
  let peak = 0;
  const watch = setInterval(() => void resident(browser).then((now) => (peak = Math.max(peak, now)), () => {}), 500);
  await forgetBlocks(page);
  await app.upscaleButton.click();
  await expect(app.saveButton.or(app.verdict).first()).toBeVisible({ timeout: 900_000 });
  await expect(page.getByText('Shown by tiles')).toBeVisible({ timeout: 250_000 });
  clearInterval(watch);
  const longest = await longestBlock(page);
  console.log(`  resident ${(peak / MB).toFixed(0)} MB, an empty page ${(empty / MB).toFixed(0)} MB; longest main-thread block ${longest.toFixed(0)} ms`);
  // The sampler has seen the picture being made.
  expect(peak).toBeGreaterThan(empty + 100 * MB);
  expect(peak - empty).toBeLessThanOrEqual(MOST);
  expect(longest).toBeLessThan(BLOCK);

  const head = await page.evaluate(async () => {
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('inlarge');
    for await (const folder of (root as unknown as { values(): AsyncIterable<FileSystemDirectoryHandle> }).values()) {
      for await (const file of (folder as unknown as { values(): AsyncIterable<FileSystemFileHandle> }).values()) {
        const bytes = await file.getFile();
        const [start, end] = [await bytes.slice(0, 24).arrayBuffer(), await bytes.slice(-8).arrayBuffer()];
        return { size: bytes.size, start: [...new Uint8Array(start)], end: [...new Uint8Array(end)] };
      }
    }
    throw new Error('nothing is stored');
  });
  const start = Buffer.from(head.start);
  expect([start.readUInt32BE(16), start.readUInt32BE(20)]).toEqual([16384, 16384]);
  expect(Buffer.from(head.end).subarray(0, 4).toString('latin1')).toBe('IEND');
  expect(head.size).toBeGreaterThan(20 * MB);
});
