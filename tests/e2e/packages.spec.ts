import { expect, test, type Page, type Worker } from '@playwright/test';
import { RELAXED_MADD } from '../../www/shared/features.ts';
import { App, upload } from './support/app.ts';
import { enlargeByCommandLine } from './support/command-line.ts';
import { compare } from './support/pictures.ts';
import { png, scene } from './support/png.ts';
import { beforeCoordinator, PlainServer } from './support/server.ts';

// What a page asks for would go past these tests if a service worker answered.
test.use({ serviceWorkers: 'block' });

const PICTURE = upload('scene.png', png(40, 30, scene));
const RELAXED = 'CPU, WebAssembly relaxed SIMD';
const PLAIN = 'CPU, WebAssembly SIMD';

/** The wasm modules that the page and its workers have asked for, as often as they did. */
function modulesOf(page: Page): readonly string[] {
  const modules: string[] = [];
  page.on('request', (request) => {
    const found = /\/wasm\/([\w-]+)\/inlarge_bg\.wasm$/.exec(request.url());
    if (found?.[1]) modules.push(found[1]);
  });
  return modules;
}

async function expectRight(page: Page, app: App): Promise<void> {
  await app.add(PICTURE);
  await app.scale.selectOption('2');
  const { difference } = await compare(page, await app.upscale(), await enlargeByCommandLine(PICTURE.name, PICTURE.buffer, 2));
  expect(difference).toBeLessThanOrEqual(1);
}

test('the question for relaxed SIMD is one that can be denied', async ({ page }) => {
  await page.goto('./');
  const valid = (bytes: readonly number[]): Promise<boolean> => page.evaluate((module) => WebAssembly.validate(Uint8Array.from(module)), bytes);
  expect(await valid([...RELAXED_MADD])).toBe(true);
  // An instruction that no browser has, in the place of f32x4.relaxed_madd.
  expect(await valid([...RELAXED_MADD].with(-3, 0xff).with(-2, 0x7f))).toBe(false);
});

test('a browser with relaxed SIMD gets that package, and no other', async ({ page }) => {
  const modules = modulesOf(page);
  const app = await App.open(page, 'simd');
  await expect(app.status).toContainText(RELAXED);
  await expectRight(page, app);
  expect(modules).toEqual(['app-relaxed']);
});

test('where the page may not compile, its worker does', async ({ page }) => {
  await page.addInitScript(() => {
    WebAssembly.compileStreaming = WebAssembly.compile = () => Promise.reject(new WebAssembly.CompileError('forbidden'));
  });
  const modules = modulesOf(page);
  const app = await App.open(page, 'simd');
  await expect(app.status).toContainText(RELAXED);
  await expectRight(page, app);
  expect(modules).toEqual(['app-relaxed', 'app-relaxed']);
});

test('a browser without relaxed SIMD gets the plain package, and no other', async ({ page }) => {
  await page.addInitScript(() => (WebAssembly.validate = () => false));
  const server = await PlainServer.start({ site: true, change: beforeCoordinator('WebAssembly.validate = () => false;') });
  const modules = modulesOf(page);
  const app = await App.open(page, 'simd', server.origin);
  await expect(app.status).toContainText(PLAIN);
  await expectRight(page, app);
  expect(modules).toEqual(['app']);
  await server.stop();
});

for (const file of ['inlarge_bg.wasm', 'inlarge.js']) {
  test(`where ${file} of the relaxed package does not load, the plain package runs`, async ({ page }) => {
    const withheld = `/wasm/app-relaxed/${file}`;
    const server = await PlainServer.start({ site: true, change: (path, body) => (path === withheld ? undefined : body) });
    const app = await App.open(page, 'simd', server.origin);
    await expect(app.status).toContainText(PLAIN);
    await expectRight(page, app);
    expect(server.asked).toContain(withheld);
    await server.stop();
  });
}

test('models and pictures can be chosen while the engine is on its way; what was started ahead is used', async ({ page }) => {
  const scripts: string[] = [];
  page.on('worker', (worker) => scripts.push(worker.url().split('/').at(-1) ?? ''));
  let pass = (): void => {};
  const held = new Promise<void>((resolve) => (pass = resolve));
  const server = await PlainServer.start({
    site: true,
    change: async (path, file) => {
      if (path.endsWith('/inlarge_bg.wasm')) await held;
      return file;
    },
  });
  const app = await App.open(page, undefined, server.origin);
  await page.locator('summary').filter({ hasText: 'Engine' }).click();
  await app.engine.selectOption('simd');
  await app.add(PICTURE);
  await app.scale.selectOption('2');
  await app.model.selectOption('photo-fast');
  await expect(app.status).toContainText('Starting the engine');
  expect(scripts.toSorted()).toEqual(['compute.js', 'compute.js', 'coordinator.js']);
  pass();
  const { difference } = await compare(page, await app.upscale(), await enlargeByCommandLine(PICTURE.name, PICTURE.buffer, 2));
  expect(difference).toBeLessThanOrEqual(1);
  expect(scripts).toHaveLength(3);
  await server.stop();
});

test('a worker that fails before anybody needs it is started again', async ({ page }) => {
  let asked = 0;
  const server = await PlainServer.start({
    site: true,
    change: async (path, file) => {
      if (path === '/worker/coordinator.js') return (asked += 1) === 1 ? undefined : file;
      // The page's own script comes after the failure.
      if (path.startsWith('/assets/app-')) {
        await expect.poll(() => asked).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
      return file;
    },
  });
  const app = await App.open(page, 'simd', server.origin);
  await expect(app.status).toContainText('Engine simd');
  expect(asked).toBe(2);
  await server.stop();
});

test('the model is fetched while the settings are still open, and once', async ({ page }) => {
  const server = await PlainServer.start({ site: true });
  const app = await App.open(page, 'simd', server.origin);
  await expect(app.status).toContainText('Engine simd');
  const answer = page.waitForResponse('**/models/photo-fast-x2-*.onnx');
  await app.add(PICTURE);
  await app.scale.selectOption('2');
  await (await answer).finished();
  const asked = (): readonly string[] => server.asked.filter((path) => /^\/models\/photo-fast-x2-.*\.onnx$/.test(path));
  expect(asked()).toHaveLength(1);
  const { difference } = await compare(page, await app.upscale(), await enlargeByCommandLine(PICTURE.name, PICTURE.buffer, 2));
  expect(difference).toBeLessThanOrEqual(1);
  expect(asked()).toHaveLength(1);
  await server.stop();
});

test('compute workers without work are ended, and start again', async ({ page }) => {
  // A minute passes in a tenth of a second.
  const change = beforeCoordinator('const later = setTimeout; globalThis.setTimeout = (work, wait, ...rest) => later(work, wait === 60_000 ? 100 : wait, ...rest);');
  const server = await PlainServer.start({ site: true, change });
  const isCompute = (worker: Worker): boolean => worker.url().endsWith('/worker/compute.js');
  const computing = (): number => page.workers().filter(isCompute).length;
  let started = 0;
  page.on('worker', (worker) => (started += isCompute(worker) ? 1 : 0));
  const app = await App.open(page, 'simd', server.origin);
  for (const round of [1, 2]) {
    if (round === 2) await page.getByRole('button', { name: 'Remove' }).first().click();
    await expect.poll(computing, `before round ${round}`).toBe(0);
    const before = started;
    await expectRight(page, app);
    expect(started, `round ${round}`).toBeGreaterThan(before);
    await expect.poll(computing, `after round ${round}`).toBe(0);
  }
  await expect(app.status).toContainText('Engine simd');
  await server.stop();
});

test('the page says that a slower engine runs, and why', async ({ page }) => {
  const app = await App.open(page, 'reference');
  await expect(app.status).toContainText('slower than simd, as chosen');
  await app.add(PICTURE);
  await app.upscale();
  await expect(page.getByText('The slower engine reference made this picture, because it is the one that was chosen')).toBeVisible();
});
