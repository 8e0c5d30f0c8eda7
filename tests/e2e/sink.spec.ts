import { expect, test, type Page } from '@playwright/test';
import { App, SMALL, upload } from './support/app.ts';
import { ROOT, SITE_PORT } from './support/environment.ts';
import { icon } from './support/pictures.ts';
import { png, scene } from './support/png.ts';
import { beforeCoordinator, PlainServer, type Content } from './support/server.ts';
import { stored } from './support/storage.ts';

const PICTURE = png(60, 44, scene);
const PACKAGE = `${ROOT}dist/npm/`;
type Library = typeof import('../../www/lib/index.ts');

async function site(page: Page, more: Content = {}): Promise<PlainServer> {
  const files = { '/': '<!doctype html><title>sinks</title>', '/picture.png': PICTURE };
  const server = await PlainServer.start({ ...more, files, folders: { '/inlarge/': PACKAGE } });
  await page.goto(`${server.origin}/`);
  return server;
}

test('memory, storage and a chosen file get the same bytes, and what is discarded is gone', async ({ page }) => {
  await page.clock.install();
  const server = await site(page);
  const seen = await page.evaluate(async (entry) => {
    const { createUpscaler } = (await import(entry)) as Library;
    const up = await createUpscaler({ backend: 'simd', workers: 1 });
    const root = await navigator.storage.getDirectory();
    const chosen = await root.getFileHandle('chosen', { create: true });
    const digests: string[] = [];
    const results = [];
    // TIFF's encoder goes back to write where its parts lie.
    for (const type of ['image/jpeg', 'image/tiff'] as const) {
      for (const sink of ['memory', 'storage', chosen] as const) {
        const result = await up.upscale('/picture.png', { scale: 2, sink, output: { type } });
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await result.blob.arrayBuffer()));
        digests.push(`${result.blob.type} ${digest.join(',')}`);
        results.push(result);
      }
    }
    const inChosen = (await chosen.getFile()).size;
    const wrong = await up.upscale('/picture.png', { sink: 'cupboard' as 'auto' }).catch((error: { kind?: string }) => error.kind);
    (globalThis as { results?: unknown }).results = results;
    return { digests, inChosen, wrong };
  }, `${server.origin}/inlarge/index.js`);
  const [jpeg, , , tiff] = seen.digests;
  expect(seen.digests).toEqual([jpeg, jpeg, jpeg, tiff, tiff, tiff]);
  expect(seen.inChosen).toBeGreaterThan(100);
  expect(seen.wrong).toBe('parameter');
  expect(Object.keys(await stored(page)).filter((path) => path.startsWith('inlarge/'))).toHaveLength(2);
  // A download that has just begun has ten seconds to open its file.
  const readable = await page.evaluate(async () => {
    const { results = [] } = globalThis as { results?: { blob: Blob; discard(): Promise<void> }[] };
    for (const result of results) void result.discard();
    return Promise.all([results[1], results[4]].map((result) => result?.blob.arrayBuffer().then(({ byteLength }) => byteLength > 100)));
  });
  expect(readable).toEqual([true, true]);
  await page.clock.fastForward(10_000);
  await expect.poll(async () => Object.keys(await stored(page))).toEqual(['chosen']);
  await server.stop();
});

test('a chosen file is there for the second attempt, with what the browser decoded, and an empty one goes after the last', async ({ page }) => {
  const server = await site(page);
  const whole = icon(PICTURE, 60, 44);
  const seen = await page.evaluate(
    async ([entry, ...files]) => {
      const { createUpscaler } = (await import(entry!)) as Library;
      const up = await createUpscaler({ backend: 'simd', workers: 1 });
      const root = await navigator.storage.getDirectory();
      // Chromium writes to a file that is gone; the standard does not allow it.
      const handles = FileSystemFileHandle.prototype as unknown as { remove(this: FileSystemFileHandle): Promise<void> };
      const { remove } = handles;
      const removed: string[] = [];
      handles.remove = function () {
        removed.push(this.name);
        return remove.call(this);
      };
      const outcomes: unknown[] = [];
      for (const [index, text] of files.entries()) {
        const file = new Blob([Uint8Array.from(atob(text), (character) => character.charCodeAt(0))]);
        const sink = await root.getFileHandle(`chosen-${index}`, { create: true });
        const made = up.upscale(file, { scale: 2, sink }).then(({ width, blob }) => [width, blob.size]);
        outcomes.push(await made.catch((error: { kind: string }) => error.kind));
      }
      return { outcomes, removed };
    },
    [`${server.origin}/inlarge/index.js`, whole.toString('base64'), whole.subarray(0, 40).toString('base64')],
  );
  await expect.poll(async () => Object.keys(await stored(page))).toEqual(['chosen-0']);
  expect(seen.outcomes).toEqual([[120, (await stored(page))['chosen-0']], 'unsupported']);
  expect(seen.removed).not.toContain('chosen-0');
  await server.stop();
});

test('two upscalers of a page keep each other’s results', async ({ page }) => {
  const server = await site(page);
  const seen = await page.evaluate(async (entry) => {
    const { createUpscaler } = (await import(entry)) as Library;
    const made = [];
    for (const scale of [2, 3]) {
      const up = await createUpscaler({ backend: 'simd', workers: 1 });
      made.push(await up.upscale('/picture.png', { scale, sink: 'storage' }));
    }
    const widths: number[] = [];
    for (const { blob } of made) widths.push((await createImageBitmap(blob)).width);
    return widths;
  }, `${server.origin}/inlarge/index.js`);
  expect(seen).toEqual([120, 180]);
  await server.stop();
});

test('a file that a page left behind goes when the next one starts, and a living page’s stays', async ({ page, context }) => {
  const server = await site(page);
  const enlarge = async (entry: string): Promise<void> => {
    const { createUpscaler } = (await import(entry)) as Library;
    const up = await createUpscaler({ backend: 'simd', workers: 1 });
    await up.upscale('/picture.png', { scale: 2, sink: 'storage' });
  };
  const entry = `${server.origin}/inlarge/index.js`;
  const other = await context.newPage();
  await other.goto(`${server.origin}/`);
  await page.evaluate(enlarge, entry);
  await other.evaluate(enlarge, entry);
  expect(Object.keys(await stored(page))).toHaveLength(2);
  await other.close();
  const next = await context.newPage();
  await next.goto(`${server.origin}/`);
  await next.evaluate(enlarge, entry);
  await expect.poll(async () => Object.keys(await stored(page)).length).toBe(2);
  await server.stop();
});

test('a full disk and a revoked file are told apart, and leave no half-written file', async ({ page }) => {
  const change = beforeCoordinator(`
    FileSystemSyncAccessHandle.prototype.write = () => { throw new DOMException('full', 'QuotaExceededError'); };
    FileSystemWritableFileStream.prototype.write = () => Promise.reject(new DOMException('The permission was revoked.', 'NotAllowedError'));`);
  const server = await site(page, { change });
  const said = await page.evaluate(async (entry) => {
    const { createUpscaler } = (await import(entry)) as Library;
    const up = await createUpscaler({ backend: 'simd', workers: 1 });
    const kept = await up.upscale('/picture.png', { scale: 2 });
    const root = await navigator.storage.getDirectory();
    const failures: string[] = [];
    for (const sink of ['storage', await root.getFileHandle('chosen.png', { create: true })] as const) {
      await up.upscale('/picture.png', { scale: 2, sink }).catch((error: { kind: string; message: string }) => failures.push(`${error.kind}: ${error.message}`));
    }
    return { failures, kept: (await kept.blob.arrayBuffer()).byteLength };
  }, `${server.origin}/inlarge/index.js`);
  expect(said.failures[0]).toMatch(/^encode: There is no room left .* Free space on the disk/);
  expect(said.failures[1]).toMatch(/^encode: .*chosen\.png.*revoked.*Choose another place/);
  expect(said.kept).toBeGreaterThan(100);
  await expect.poll(() => stored(page)).toEqual({});
  await server.stop();
});

test('a large result lies in the storage while it is made, and cancelling clears it', async ({ page }) => {
  const app = await App.open(page, 'simd');
  expect(new URL(page.url()).port).toBe(String(SITE_PORT));
  await app.add(upload('large.png', png(1600, 1500, scene)));
  await app.upscaleButton.click();
  await expect(app.progress).toHaveAttribute('aria-valuetext', /Tile [2-9]/, { timeout: SMALL });
  expect(Object.keys(await stored(page))).toHaveLength(1);
  await app.cancelButton.click();
  await expect.poll(() => stored(page)).toEqual({});
});

test('a result that is cancelled when it is all there leaves nothing in the storage', async ({ page }) => {
  const server = await site(page);
  const said = await page.evaluate(async (entry) => {
    const { createUpscaler } = (await import(entry)) as Library;
    const stop = new AbortController();
    const onProgress = ({ phase, done }: { phase: string; done: number }): void => {
      if (phase === 'encode' && done === 1) stop.abort();
    };
    const upscaler = await createUpscaler({ backend: 'simd' });
    const reason = await upscaler.upscale('/picture.png', { sink: 'storage', signal: stop.signal, onProgress }).then(() => 'a result', (error: Error) => error.name);
    return { reason, after: (await upscaler.upscale('/picture.png', { scale: 2 })).width };
  }, `${server.origin}/inlarge/index.js`);
  expect(said).toEqual({ reason: 'AbortError', after: 120 });
  await expect.poll(() => stored(page)).toEqual({});
  await server.stop();
});

/** The dialog itself is the browser's: a file of the origin's storage stands for the one that is chosen in it. */
async function chooseAsSuggested(page: Page): Promise<void> {
  await page.addInitScript(() => {
    Object.assign(globalThis, {
      showSaveFilePicker: async ({ suggestedName }: { suggestedName: string }) => (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true }),
    });
  });
}

test('an engine that is gone leaves no empty file where the user chose one', async ({ page }) => {
  await chooseAsSuggested(page);
  await page.addInitScript(() => {
    const workers: Worker[] = ((globalThis as { workers?: Worker[] }).workers = []);
    globalThis.Worker = class extends Worker {
      constructor(address: string | URL, options?: WorkerOptions) {
        super(address, options);
        workers.push(this);
      }
    };
  });
  const app = await App.open(page, 'simd');
  await page.locator('summary').filter({ hasText: 'More' }).click();
  await page.getByLabel('Write straight to a file').check();
  await app.add(upload('small.png', PICTURE));
  await expect(page.locator('.plan')).toContainText('240 × 176');
  await page.evaluate(() => {
    const { workers = [] } = globalThis as { workers?: Worker[] };
    for (const worker of workers) worker.terminate();
    globalThis.Worker = class {
      constructor() {
        throw new Error('no worker starts');
      }
    } as unknown as typeof Worker;
  });
  expect(await app.refusal()).toContain('no worker starts');
  await expect.poll(() => stored(page)).toEqual({});
});

test('a result goes straight to the file that the user chooses, and a cancelled one leaves none', async ({ page }) => {
  await chooseAsSuggested(page);
  const app = await App.open(page, 'simd');
  await page.locator('summary').filter({ hasText: 'More' }).click();
  await page.getByLabel('Write straight to a file').check();
  await app.add(upload('large.png', png(900, 800, scene)));
  await expect(page.locator('.plan')).toContainText('3600 × 3200');
  await app.upscaleButton.click();
  await expect(app.progress).toHaveAttribute('aria-valuetext', /Tile [2-9]/, { timeout: SMALL });
  await app.cancelButton.click();
  await expect.poll(() => stored(page)).toEqual({});

  await page.getByRole('button', { name: 'Remove' }).click();
  await app.add(upload('small.png', PICTURE));
  await expect(page.locator('.plan')).toContainText('240 × 176');
  const saved = await app.upscale();
  await expect(page.getByText('Written to small-4x.png')).toBeVisible();
  expect(await stored(page)).toEqual({ 'small-4x.png': saved.length });

  // One that is pending while another is looked at.
  await page.getByLabel('Write straight to a file').uncheck();
  await app.add(upload('other.png', PICTURE));
  await expect(page.getByRole('heading', { name: 'other.png' })).toBeVisible();
  await page.getByRole('list', { name: 'Pictures' }).getByRole('button', { name: /^small.png/ }).click();
  await page.getByLabel('Write straight to a file').check();
  await app.upscaleButton.click();
  await expect.poll(() => stored(page), { timeout: SMALL }).toEqual({ 'small-4x.png': saved.length, 'other-4x.png': saved.length });
});
