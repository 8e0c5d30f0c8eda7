import { readFile } from 'node:fs/promises';
import { expect, test, type Browser } from '@playwright/test';
import { App, SMALL, upload } from './support/app.ts';
import { png, scene } from './support/png.ts';

const MIB = 1 << 20;
/** What the renderer may hold above an empty page's, in bytes. */
const MOST = 900e6;
/** Longest time that the main thread may be busy, in milliseconds. */
const BLOCK = 100;

/** The most memory, in bytes, that any renderer has held so far. */
async function peakOfRenderers(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const peaks = processInfo.filter(({ type }) => type === 'renderer').map(async ({ id }) => {
    const status = await readFile(`/proc/${id}/status`, 'utf8').catch(() => '');
    return 1024 * Number(/^VmHWM:\s*(\d+) kB/m.exec(status)?.[1] ?? 0);
  });
  return Math.max(0, ...(await Promise.all(peaks)));
}

test('1024 x 1024 becomes 16384 x 16384 in one tab: little memory, a responsive page, a file in the storage', async ({ page, browser }) => {
  test.setTimeout(900_000);
  await page.goto('about:blank');
  const empty = await peakOfRenderers(browser);
  expect(empty).toBeGreaterThan(MIB);
  await page.addInitScript(() => {
    const blocks: number[] = ((globalThis as { blocks?: number[] }).blocks = []);
    new PerformanceObserver((list) => blocks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' });
  });
  const app = await App.open(page, 'simd');
  await app.add(upload('large.png', png(1024, 1024, scene)));
  await app.scale.selectOption('16');
  await expect(page.locator('.plan')).toContainText('16384 × 16384', { timeout: SMALL });
  await page.evaluate(() => ((globalThis as { blocks?: number[] }).blocks ?? []).splice(0));
  const began = Date.now();
  await app.upscaleButton.click();
  await expect(app.saveButton).toBeVisible({ timeout: 840_000 });
  const seconds = (Date.now() - began) / 1000;
  const longest = await page.evaluate(() => Math.max(0, ...((globalThis as { blocks?: number[] }).blocks ?? [])));
  const above = (await peakOfRenderers(browser)) - empty;
  console.log(`  ${seconds.toFixed(0)} s, ${(above / MIB).toFixed(0)} MiB above an empty page, longest main-thread block ${longest.toFixed(0)} ms`);
  expect(above).toBeLessThan(MOST);
  // The twin: the peak is that of work, not of an idle page.
  expect(above).toBeGreaterThan(50 * MIB);
  expect(longest).toBeLessThan(BLOCK);
  // The file lies in the origin's storage, whole: its header and its end are there.
  const file = await page.evaluate(async () => {
    const files: File[] = [];
    const walk = async (folder: FileSystemDirectoryHandle): Promise<void> => {
      for await (const entry of (folder as unknown as { values(): AsyncIterable<FileSystemHandle> }).values()) {
        if (entry.kind === 'directory') await walk(entry as FileSystemDirectoryHandle);
        else files.push(await (entry as FileSystemFileHandle).getFile());
      }
    };
    await walk(await navigator.storage.getDirectory());
    const [found] = files;
    if (!found || files.length !== 1) throw new Error(`${files.length} files are in the storage`);
    const header = new DataView(await found.slice(0, 24).arrayBuffer());
    return { size: found.size, width: header.getUint32(16), height: header.getUint32(20), end: await found.slice(-8, -4).text() };
  });
  expect(file).toMatchObject({ width: 16384, height: 16384, end: 'IEND' });
  console.log(`  a file of ${(file.size / MIB).toFixed(0)} MiB`);
});
