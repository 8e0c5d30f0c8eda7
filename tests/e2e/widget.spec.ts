import { expect, test, type Page } from '@playwright/test';
import { SMALL } from './support/app.ts';
import { enlargeByCommandLine } from './support/command-line.ts';
import { ROOT } from './support/environment.ts';
import { compare } from './support/pictures.ts';
import { png, scene } from './support/png.ts';
import { PlainServer, type Content } from './support/server.ts';

const PICTURE = png(36, 28, scene);
const PACKAGE = `${ROOT}dist/npm/`;

/** The policies that docs/EMBEDDING.md gives. */
const OWN_POLICY =
  "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; img-src 'self' blob: data:; connect-src 'self' blob:; style-src 'self' 'unsafe-inline'";
const foreignPolicy = (assets: string): string =>
  `default-src 'self'; script-src 'self' ${assets} 'wasm-unsafe-eval'; worker-src 'self' blob:; img-src 'self' blob: data:; ` +
  `connect-src 'self' blob: ${assets}; style-src 'self' 'unsafe-inline'`;

const host = (script: string): string => `<!doctype html>
  <title>Somebody's page</title>
  <script type="module" src="${script}"></script>
  <inlarge-upscaler src="picture.png" scale="2" backend="simd"></inlarge-upscaler>`;

function site(script: string, more: Content = {}): Promise<PlainServer> {
  return PlainServer.start({ ...more, files: { '/': host(script), '/picture.png': PICTURE } });
}

/** Presses the widget's button and gives the file that `inlarge-done` carries. */
async function enlarge(page: Page): Promise<Buffer> {
  await expect(page.getByRole('button', { name: 'Upscale' })).toBeVisible();
  const outcome = page.evaluate(
    () =>
      new Promise<string>((resolve, reject) => {
        document.addEventListener('inlarge-error', (event) => reject((event as CustomEvent<Error>).detail));
        document.addEventListener('inlarge-done', (event) => {
          const reader = new FileReader();
          reader.onload = () => resolve(String(reader.result));
          reader.readAsDataURL((event as CustomEvent<{ blob: Blob }>).detail.blob);
        });
      }),
  );
  await page.getByRole('button', { name: 'Upscale' }).click();
  const address = await outcome;
  return Buffer.from(address.slice(address.indexOf(',') + 1), 'base64');
}

async function expectRight(page: Page, result: Buffer): Promise<void> {
  const expected = await enlargeByCommandLine('picture.png', PICTURE, 2);
  // Decoded in a page that no policy binds.
  await page.goto('about:blank');
  expect((await compare(page, result, expected)).difference).toBeLessThanOrEqual(1);
}

for (const [name, headers] of [['no headers', {}], ['the documented policy', { 'Content-Security-Policy': OWN_POLICY }]] as const) {
  test(`the widget works from its page's own folder, with ${name}`, async ({ page }) => {
    const server = await site('/inlarge/element.js', { folders: { '/inlarge/': PACKAGE }, headers });
    await page.goto(`${server.origin}/`);
    const result = await enlarge(page);
    await expect(page.getByRole('slider')).toBeVisible();
    await expectRight(page, result);
    await server.stop();
  });
}

for (const strict of [false, true]) {
  test(`the widget works from another origin, ${strict ? 'under the documented policy' : 'with no headers on the page'}`, async ({ page }) => {
    const assets = await PlainServer.start({ folders: { '/': PACKAGE }, headers: { 'Access-Control-Allow-Origin': '*' } });
    const headers = strict ? { 'Content-Security-Policy': foreignPolicy(assets.origin) } : {};
    const server = await site(`${assets.origin}/element.js`, { headers });
    await page.goto(`${server.origin}/`);
    await expectRight(page, await enlarge(page));
    expect(server.asked.filter((path) => path.endsWith('.wasm') || path.endsWith('.js'))).toEqual([]);
    await Promise.all([server.stop(), assets.stop()]);
  });
}

test('an asset host without CORS is refused in plain words', async ({ page }) => {
  const assets = await PlainServer.start({ folders: { '/': PACKAGE } });
  const server = await site('/inlarge/element.js', { folders: { '/inlarge/': PACKAGE } });
  await page.goto(`${server.origin}/`);
  await page.locator('inlarge-upscaler').evaluate((element, base) => element.setAttribute('asset-base', base), `${assets.origin}/`);
  await page.getByRole('button', { name: 'Upscale' }).click();
  const said = page.getByRole('status');
  await expect(said).toContainText(/\w{4,}.*[.!?]/, { timeout: SMALL });
  expect(await said.innerText()).not.toMatch(/undefined|null|\[object/);
  await Promise.all([server.stop(), assets.stop()]);
});

test('the script can be loaded twice', async ({ page }) => {
  const thrown: string[] = [];
  page.on('pageerror', (error) => thrown.push(String(error)));
  const server = await site('/inlarge/element.js', { folders: { '/inlarge/': PACKAGE, '/copy/': PACKAGE } });
  await page.goto(`${server.origin}/`);
  await page.addScriptTag({ url: `${server.origin}/copy/element.js`, type: 'module' });
  await expectRight(page, await enlarge(page));
  expect(thrown).toEqual([]);
  await server.stop();
});

test('createUpscaler enlarges, reports, stops and ends', async ({ page }) => {
  const server = await PlainServer.start({ files: { '/': '<!doctype html><title>script</title>', '/picture.png': PICTURE }, folders: { '/inlarge/': PACKAGE } });
  await page.goto(`${server.origin}/`);
  const seen = await page.evaluate(async (entry) => {
    type Library = typeof import('../../www/lib/index.ts');
    const { createUpscaler } = (await import(entry)) as Library;
    const phases: string[] = [];
    const up = await createUpscaler({ backend: 'simd', workers: 1 });
    const { width, height, report } = await up.upscale('/picture.png', { scale: 4, onProgress: ({ phase }) => phases.push(phase) });
    const stop = new AbortController();
    const failures: string[] = [];
    const aborted = up.upscale('/picture.png', { scale: 4, signal: stop.signal }).catch((error: Error) => failures.push(error.name));
    stop.abort();
    await aborted;
    const missing = new Blob(['<p>not a picture']);
    await up.upscale(missing).catch((error: { kind?: string }) => failures.push(error.kind ?? 'none'));
    const again = await up.upscale('/picture.png', { scale: 2, output: { type: 'image/jpeg' } });
    up.dispose();
    await up.upscale('/picture.png').catch((error: Error) => failures.push(error.name));
    return { width, height, keys: Object.keys(report).sort(), phases: [...new Set(phases)], failures, type: again.blob.type, models: up.models().length };
  }, `${server.origin}/inlarge/index.js`);
  expect(seen).toMatchObject({ width: 144, height: 112, failures: ['AbortError', 'decode', 'AbortError'], type: 'image/jpeg' });
  expect(seen.keys).toEqual([
    'adapter', 'backend', 'fidelity', 'height', 'input', 'kind', 'lr_kernel', 'lr_psnr', 'model', 'output', 'passes', 'scale', 'seconds', 'tiles', 'warnings', 'width',
  ]);
  expect(seen.phases).toEqual(['load', 'decode', 'upscale', 'encode']);
  expect(seen.models).toBeGreaterThanOrEqual(2);
  await server.stop();
});

test('the element discards its result when another one begins and when it leaves the page, not when it is moved', async ({ page }) => {
  const server = await site('/inlarge/element.js', { folders: { '/inlarge/': PACKAGE } });
  await page.goto(`${server.origin}/`);
  const seen = await page.locator('inlarge-upscaler').evaluate(async (element) => {
    const widget = element as import('../../www/widget/types.ts').InlargeUpscalerElement;
    const discarded: string[] = [];
    const make = async (name: string): Promise<void> => {
      Object.assign(await widget.upscale(), { discard: async () => void discarded.push(name) });
    };
    await make('first');
    await make('second');
    document.body.append(document.createElement('p'), widget);
    await new Promise((resolve) => setTimeout(resolve));
    const moved = [...discarded, widget.result?.width];
    widget.remove();
    await new Promise((resolve) => setTimeout(resolve));
    return { moved, gone: [...discarded, widget.result?.width] };
  });
  expect(seen).toEqual({ moved: ['first', 72], gone: ['first', 'second', undefined] });
  await server.stop();
});

test('the element takes an exact size, a format and a fidelity, and refuses a size that it does not understand', async ({ page }) => {
  const server = await site('/inlarge/element.js', { folders: { '/inlarge/': PACKAGE } });
  await page.goto(`${server.origin}/`);
  const seen = await page.locator('inlarge-upscaler').evaluate(async (element) => {
    const widget = element as import('../../www/widget/types.ts').InlargeUpscalerElement;
    for (const [name, value] of [['size', 'width 90'], ['type', 'image/jpeg'], ['fidelity', 'off']] as const) widget.setAttribute(name, value);
    const { width, height, blob, report, name } = await widget.upscale();
    widget.setAttribute('size', 'rather large');
    const refused = await widget.upscale().then(() => 'taken', (error: Error) => error.message);
    return { width, height, type: blob.type, fidelity: report.fidelity, name, refused };
  });
  expect(seen).toMatchObject({ width: 90, height: 70, type: 'image/jpeg', fidelity: 'off', name: 'picture-90x70.jpg' });
  expect(seen.refused).toContain('"rather large" is not understood');
  await server.stop();
});
