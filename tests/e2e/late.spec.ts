import { expect, test, type Page } from '@playwright/test';
import { SMALL } from './support/app.ts';
import { ROOT } from './support/environment.ts';
import { png, scene } from './support/png.ts';
import { beforeCoordinator, PlainServer, type Content } from './support/server.ts';

type Widget = import('../../www/widget/types.ts').InlargeUpscalerElement;
type Library = typeof import('../../www/lib/index.ts');

const PICTURE = png(36, 28, scene);
const OTHER = png(50, 20, scene);

/** Progress comes by a port of its own; here it comes later than the outcome, as it may. */
const LATE = beforeCoordinator(`
  const post = MessagePort.prototype.postMessage;
  MessagePort.prototype.postMessage = function (message, ...rest) {
    if (message?.type === 'APPLY' && message.path.length === 0) setTimeout(() => post.call(this, message, ...rest), 200);
    else post.call(this, message, ...rest);
  };`);
/** Longer than that. */
const AFTER_MS = 600;

function site(more: Content): Promise<PlainServer> {
  const host = `<!doctype html><title>host</title><script type="module" src="/inlarge/element.js"></script>
    <inlarge-upscaler src="broken.png" scale="2" backend="simd"></inlarge-upscaler>`;
  const files = { '/': host, '/broken.png': PICTURE.subarray(0, 90), '/picture.png': PICTURE, '/other.png': OTHER, '/slow.png': OTHER };
  return PlainServer.start({ ...more, files, folders: { '/inlarge/': `${ROOT}dist/npm/` } });
}

/** What the viewer inside the widget shows as it was. */
function before(page: Page): Promise<string> {
  return page.locator('inlarge-compare').evaluate((element) => new URL((element as HTMLElement & { source: string }).source, location.href).pathname);
}

test('progress that comes after the end of a run is not heard, by the library and by the widget', async ({ page }) => {
  const server = await site({ change: LATE });
  await page.goto(`${server.origin}/`);
  const heard = await page.evaluate(
    async ([entry, wait]) => {
      const { createUpscaler } = (await import(entry)) as Library;
      const up = await createUpscaler({ backend: 'simd', workers: 1 });
      const heard: string[] = [];
      const failure = await up.upscale('/broken.png', { onProgress: ({ phase }) => heard.push(phase) }).catch((error: { kind?: string }) => error.kind);
      const atTheEnd = heard.length;
      await new Promise((resolve) => setTimeout(resolve, wait));
      const late = heard.slice(atTheEnd);
      // The twin: a run that succeeds waits for its last word.
      const { width } = await up.upscale('/picture.png', { scale: 2, onProgress: ({ phase }) => heard.push(phase) });
      up.dispose();
      return { failure, late, width, last: heard.at(-1) };
    },
    [`${server.origin}/inlarge/index.js`, AFTER_MS] as const,
  );
  expect(heard).toEqual({ failure: 'decode', late: [], width: 72, last: 'encode' });

  const late = await page.locator('inlarge-upscaler').evaluate(async (element, wait) => {
    const widget = element as Widget;
    const events: string[] = [];
    for (const type of ['inlarge-progress', 'inlarge-error'] as const) widget.addEventListener(type, () => events.push(type));
    await widget.upscale().catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, wait));
    return events.slice(events.indexOf('inlarge-error') + 1);
  }, AFTER_MS);
  expect(late).toEqual([]);
  await expect(page.getByRole('progressbar')).toBeHidden();
  await expect(page.getByRole('button', { name: 'Upscale' })).toBeVisible();
  await server.stop();
});

test('the picture that a widget shows is the one that its result is made of', async ({ page }) => {
  let pass = (): void => {};
  const held = new Promise<void>((resolve) => (pass = resolve));
  const server = await site({
    change: async (path, file) => {
      if (path === '/slow.png') await held;
      return file;
    },
  });
  await page.goto(`${server.origin}/`);
  const widget = page.locator('inlarge-upscaler');
  // One that arrives when the next is there already.
  await widget.evaluate((element) => element.setAttribute('src', 'slow.png'));
  await widget.evaluate((element) => element.setAttribute('src', 'picture.png'));
  await page.getByRole('button', { name: 'Upscale' }).click();
  await expect(page.getByRole('status')).toHaveText('72 × 56 pixels', { timeout: SMALL });
  pass();
  await page.evaluate(async () => {
    const image = new Image();
    image.src = 'slow.png';
    await image.decode();
  });
  await expect.poll(() => before(page)).toBe('/picture.png');

  // A picture that is set and enlarged in one go.
  const width = await widget.evaluate((element) => {
    const upscaler = element as Widget;
    upscaler.src = 'other.png';
    return upscaler.upscale().then((result) => result.width, (error: Error) => error.name);
  });
  expect(width).toBe(100);
  await expect.poll(() => before(page)).toBe('/other.png');
  await server.stop();
});

test('no picture stands beside the result of another while it loads', async ({ page }) => {
  let pass = (): void => {};
  const held = new Promise<void>((resolve) => (pass = resolve));
  const server = await site({
    change: async (path, file) => {
      if (path === '/slow.png') await held;
      return file;
    },
  });
  await page.goto(`${server.origin}/`);
  await page.waitForFunction(() => customElements.get('inlarge-compare'));
  /** Widths of what is shown before and after; an element whose next picture is on its way has that of the last one. */
  const shown = (): Promise<number[]> =>
    page.locator('inlarge-compare.lone').evaluate(async (element) => {
      await (element as HTMLElement & { updateComplete: Promise<unknown> }).updateComplete;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return [...(element.shadowRoot?.querySelectorAll('img') ?? [])].map((image) => image.naturalWidth);
    });
  await page.evaluate(() => {
    const viewer = Object.assign(document.createElement('inlarge-compare'), { source: 'picture.png', result: 'picture.png', width: 36, height: 28 });
    viewer.className = 'lone';
    document.body.append(viewer);
  });
  await expect.poll(shown).toEqual([36, 36]);
  await page.locator('inlarge-compare.lone').evaluate((element) => Object.assign(element, { source: 'slow.png', result: 'other.png' }));
  await expect.poll(shown).toEqual([0, 50]);
  pass();
  await expect.poll(shown).toEqual([50, 50]);
  await server.stop();
});
