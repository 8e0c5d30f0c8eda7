import { createHash } from 'node:crypto';
import { expect, test, type Page } from '@playwright/test';
import { isIntact } from '../../www/pwa/intact.ts';
import { App, SMALL, upload } from './support/app.ts';
import { ROOT } from './support/environment.ts';
import { compare } from './support/pictures.ts';
import { png, scene } from './support/png.ts';
import { PlainServer, type Content } from './support/server.ts';

type Library = typeof import('../../www/lib/index.ts');

const PICTURE = png(40, 30, scene);
const STRANGER = '<!doctype html><title>Log in</title><h1>Welcome to the hotel</h1>';

/** A copy with its last byte changed. */
function damaged(file: Buffer): Buffer {
  const copy = Buffer.from(file);
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
  return copy;
}

async function expectWorks(page: Page, app: App): Promise<void> {
  await expect(app.status).toContainText('Engine', { timeout: SMALL });
  await app.add(upload('scene.png', PICTURE));
  const result = await app.upscale();
  expect(await compare(page, result, result)).toMatchObject({ width: 160, height: 120 });
}

const ANSWERS: [what: string, change: (path: string, file: Buffer) => string | Buffer][] = [
  ['a stranger’s page in place of every file', () => STRANGER],
  ['one damaged model', (path, file) => (path === '/models/photo-fast-x4-web.onnx' ? damaged(file) : file)],
];

for (const [what, answer] of ANSWERS) {
  test(`${what} with status 200 is not kept, and the next visit fills the cache`, async ({ page, context }) => {
    let installing = false;
    let hostile = true;
    const server = await PlainServer.start({
      site: true,
      change: (path, file) => {
        if (path === '/sw.js') installing = true;
        else if (installing && hostile) return answer(path, file);
        return file;
      },
    });
    await App.open(page, undefined, server.origin);
    await expect.poll(() => installing, { timeout: SMALL }).toBe(true);
    const registered = (): Promise<boolean> => page.evaluate(async () => (await navigator.serviceWorker.getRegistration()) !== undefined);
    await expect.poll(registered, { timeout: SMALL }).toBe(false);

    hostile = false;
    await page.reload();
    await page.evaluate(async () => (await navigator.serviceWorker.ready).active?.state);
    await context.setOffline(true);
    const app = await App.open(page, undefined, server.origin);
    await app.model.selectOption('photo-fast');
    await expectWorks(page, app);
    await context.setOffline(false);
    await server.stop();
  });
}

test('an entry of the cache that has changed is dropped and fetched anew', async ({ page, context }) => {
  const server = await PlainServer.start({ site: true });
  await App.open(page, undefined, server.origin);
  await page.evaluate(async () => (await navigator.serviceWorker.ready).active?.state);
  const changed = await page.evaluate(async (stranger) => {
    const [name = ''] = (await caches.keys()).filter((key) => key.includes('precache'));
    const cache = await caches.open(name);
    const wanted = (await cache.keys()).filter(({ url }) => /index\.html|\/assets\/.*\.js|photo-fast-x4-web\.onnx|app-relaxed.*\.wasm/.test(url));
    for (const request of wanted) {
      const type = (await cache.match(request))?.headers.get('content-type') ?? '';
      await cache.put(request, new Response(stranger, { headers: { 'content-type': type } }));
    }
    return wanted.length;
  }, STRANGER);
  expect(changed).toBeGreaterThanOrEqual(4);
  const app = await App.open(page, 'simd', server.origin);
  await expect(app.status).toContainText('relaxed');
  await app.model.selectOption('photo-fast');
  await expectWorks(page, app);
  // What was fetched anew is kept again.
  await context.setOffline(true);
  const again = await App.open(page, undefined, server.origin);
  await again.model.selectOption('photo-fast');
  await expectWorks(page, again);
  await context.setOffline(false);
  await server.stop();
});

test('a file is the one of the list by its digest, and is called what it is', async () => {
  const body = 'export {};';
  const digest = `sha256-${createHash('sha256').update(body).digest('base64')}`;
  const answer = (type: string, text = body, status = 200): Response => new Response(text, { status, headers: { 'content-type': type } });
  expect(await isIntact(answer('text/javascript; charset=utf-8'), 'https://a.example/b.js', digest)).toBe(true);
  expect(await isIntact(answer('application/octet-stream'), 'https://a.example/b.onnx', digest)).toBe(true);
  expect(await isIntact(answer('text/html'), 'https://a.example/b.js', digest)).toBe(false);
  expect(await isIntact(answer('text/javascript', `${body} `), 'https://a.example/b.js', digest)).toBe(false);
  expect(await isIntact(answer('text/javascript', body, 404), 'https://a.example/b.js', digest)).toBe(false);
  expect(await isIntact(answer('text/javascript'), 'https://a.example/b.js', undefined)).toBe(false);
});

for (const part of ['/models/manifest.json', '/models/photo-fast-x2-web.onnx', '/wasm/app-relaxed/inlarge_bg.wasm']) {
  test(`${part} that came damaged into the browser’s cache is fetched past it`, async ({ page }) => {
    const path = `/inlarge${part}`;
    let times = 0;
    const content: Content = {
      files: { '/': '<!doctype html><title>host</title>', '/picture.png': PICTURE },
      folders: { '/inlarge/': `${ROOT}dist/npm/` },
      headers: { 'Cache-Control': 'max-age=3600' },
      change: (asked, file) => {
        if (asked !== path || (times += 1) > 1) return file;
        return path.endsWith('.json') ? STRANGER : damaged(file);
      },
    };
    const server = await PlainServer.start(content);
    await page.goto(`${server.origin}/`);
    const seen = await page.evaluate(async (entry) => {
      const { createUpscaler } = (await import(entry)) as Library;
      const up = await createUpscaler({ backend: 'simd', workers: 1 });
      const { width } = await up.upscale('/picture.png', { scale: 2, model: 'photo-fast' });
      return { width, adapter: up.engine.adapter };
    }, `${server.origin}/inlarge/index.js`);
    expect(seen.width).toBe(80);
    expect(seen.adapter).toContain('relaxed');
    expect(times).toBe(2);
    await server.stop();
  });
}

test('a module that stays another one’s is refused with both digests', async ({ page }) => {
  const content: Content = {
    files: { '/': '<!doctype html><title>host</title>' },
    folders: { '/inlarge/': `${ROOT}dist/npm/` },
    change: (path, file) => (path.endsWith('.wasm') ? Buffer.concat([file, Buffer.from([0, 2, 1, 0x78])]) : file),
  };
  const server = await PlainServer.start(content);
  await page.goto(`${server.origin}/`);
  const said = await page.evaluate(async (entry) => {
    const { createUpscaler } = (await import(entry)) as Library;
    return createUpscaler({ backend: 'simd' }).then(() => 'started', (error: { kind?: string; message: string }) => `${error.kind}: ${error.message}`);
  }, `${server.origin}/inlarge/index.js`);
  expect(said).toMatch(/^device: The engine file .* is not the one of this version: SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}\. Reload the page/);
  await server.stop();
});
