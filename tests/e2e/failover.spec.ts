import { expect, test, type Page } from '@playwright/test';
import { App, upload } from './support/app.ts';
import { enlargeByCommandLine } from './support/command-line.ts';
import { compare } from './support/pictures.ts';
import { png, scene } from './support/png.ts';
import { PlainServer } from './support/server.ts';

// One of each; `pipeline::supervise` tests every path, without a browser.
test.use({ serviceWorkers: 'block' });

/** Of several tiles. */
const PICTURE = upload('scene.png', png(300, 200, scene));

/** Does something to a worker's tiles as they leave it; `number`: how many workers were started before it, `count`: its tiles before this. */
const FAULT = (number: number, fault: string): string => `{
  const post = MessagePort.prototype.postMessage;
  const [number, cores] = [${number}, navigator.hardwareConcurrency || 2];
  let count = 0;
  MessagePort.prototype.postMessage = function (message, ...rest) {
    const tile = message?.value;
    if (tile instanceof Float32Array) {
      ${fault}
      count += 1;
    }
    return post.call(this, message, ...rest);
  };
}`;

/** The page, with a fault in its compute workers. */
async function withFault(page: Page, fault: string, work: (app: App) => Promise<void>, engine?: 'simd'): Promise<void> {
  let number = 0;
  const server = await PlainServer.start({
    site: true,
    headers: { 'Cache-Control': 'no-store' },
    change: (path, file) => (path.endsWith('/worker/compute.js') ? `${FAULT(number++, fault)}\n${file.toString()}` : file),
  });
  const app = await App.open(page, engine, server.origin);
  await app.add(PICTURE);
  await app.model.selectOption('photo-fast');
  await app.scale.selectOption('2');
  await work(app);
  await server.stop();
}

async function expectRight(page: Page, app: App): Promise<void> {
  const { difference } = await compare(page, await app.upscale(), await enlargeByCommandLine(PICTURE.name, PICTURE.buffer, 2));
  expect(difference).toBeLessThanOrEqual(1);
}

test('a compute worker that stops leaves its tiles to the others, or to a new one', async ({ page }) => {
  await withFault(page, 'if (number === 0 && count === 0) return self.close();', async (app) => {
    await expectRight(page, app);
    await expect(page.getByText(/A compute worker of simd stopped; the others went on\.|one new worker went on\./)).toBeVisible();
  }, 'simd');
});

test('where all compute workers stop, a new one goes on', async ({ page }) => {
  await withFault(page, 'if (number < cores) return self.close();', async (app) => {
    await expectRight(page, app);
    await expect(page.getByText('Every compute worker of simd stopped, perhaps for want of memory; one new worker went on.')).toBeVisible();
  }, 'simd');
});

test('a tile that comes back black is run again', async ({ page }) => {
  await withFault(page, 'if (number === 0 && count === 0) tile.fill(0);', async (app) => {
    await expectRight(page, app);
    await expect(page.getByText(/failed after|stopped/)).toHaveCount(0);
  }, 'simd');
});

test('an engine whose tiles are black is replaced, and not tried again', async ({ page }) => {
  // The first workers serve simd; tract gets new ones.
  await withFault(page, 'if (number < cores) tile.fill(0);', async (app) => {
    await expect(app.status).toContainText('Engine simd');
    await expectRight(page, app);
    const said = /The engine "simd" failed after 0 of \d+ tiles and the slower engine "tract" did the rest: A tile came back black/;
    await expect(page.getByText(said)).toBeVisible();
  });
});

test('where no engine is left the page says what helps, and hands nothing over', async ({ page }) => {
  await withFault(page, 'tile.fill(0);', async (app) => {
    const said = await app.refusal();
    expect(said).toContain('The engine failed in the middle of the picture. A tile came back black, damaged or unlike the picture.');
    expect(said).toContain('Choose the engine "auto", which falls over to another one.');
    await expect(app.saveButton).toBeHidden();
  }, 'simd');
});
