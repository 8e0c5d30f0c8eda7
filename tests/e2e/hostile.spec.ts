import { readFile } from 'node:fs/promises';
import { expect, test, type Page } from '@playwright/test';
import { App, SMALL, upload } from './support/app.ts';
import { ROOT } from './support/environment.ts';
import { oneNode } from './support/onnx.ts';
import { compare, redraw, withOrientation } from './support/pictures.ts';
import { png, scene } from './support/png.ts';

const WHOLE = png(40, 30, scene);
const asset = (name: string): Promise<Buffer> => readFile(`${ROOT}tests/e2e/assets/${name}`);

/** One sentence or two for people: no traces, no types, no nulls. */
function expectPlain(said: string): void {
  expect(said).not.toMatch(/panic|unreachable|RuntimeError|undefined|null|NaN|\[object|Error\(|\bat \w+ \(|::/);
  expect(said.length).toBeGreaterThan(30);
  expect(said.length).toBeLessThan(400);
  expect(said.trimEnd()).toMatch(/[.!?]$/);
  const sentences = said.split(/[.!?]\s+|[.!?]$/).filter(Boolean);
  expect(new Set(sentences).size, `a sentence stands twice: ${said}`).toBe(sentences.length);
}

/** After a refusal the page still enlarges. */
async function expectAlive(app: App, page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Remove' }).first().click();
  await app.add(upload('whole.png', WHOLE));
  const result = await app.upscale();
  expect(await compare(page, result, result)).toMatchObject({ width: 160, height: 120 });
}

test('files that are no pictures get a plain sentence', async ({ page }) => {
  test.setTimeout(600_000);
  const app = await App.open(page, 'simd');
  const jpeg = await redraw(page, WHOLE, 'image/jpeg');
  const webp = await redraw(page, WHOLE, 'image/webp');
  const files = [
    upload('empty.png', Buffer.alloc(0)),
    upload('cut.png', WHOLE.subarray(0, WHOLE.length >> 1)),
    upload('cut.jpg', jpeg.subarray(0, 200)),
    upload('cut.webp', webp.subarray(0, webp.length >> 1)),
    upload('page.png', Buffer.from('<!doctype html><title>404</title><h1>Not found</h1>')),
    upload('claims.png', png(1, 1, scene, { claimed: { width: 100_000, height: 100_000 } })),
    upload('noise.jpg', Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7919) % 251))),
  ];
  for (const file of files) {
    await app.add(file);
    const said = await app.refusal();
    console.log(`  ${said.replace(/\s+/g, ' ')}`);
    expect(said, file.name).toContain('could not be enlarged.');
    expectPlain(said);
    await page.getByRole('button', { name: 'Remove' }).first().click();
  }
  await app.add(upload('whole.png', WHOLE));
  const result = await app.upscale();
  expect(await compare(page, result, result)).toMatchObject({ width: 160, height: 120 });
});

test('unusual pictures come out right', async ({ page }) => {
  test.setTimeout(900_000);
  const app = await App.open(page, 'simd');
  await app.scale.selectOption('2');
  const grey = (x: number, y: number): number => scene(x, y, 0);
  const palette = Array.from({ length: 48 }, (_, index) => (index * 5) % 256);
  const cases: [name: string, file: Buffer, width: number, height: number][] = [
    ['dot.png', png(1, 1, () => 200), 1, 1],
    ['column.png', png(1, 5000, scene), 1, 5000],
    ['row.png', png(5000, 1, scene), 5000, 1],
    ['grey.png', png(40, 30, grey, { colour: 'grey' }), 40, 30],
    ['grey-alpha.png', png(40, 30, (x, y, channel) => (channel ? (x * 6) % 256 : grey(x, y)), { colour: 'greyAlpha' }), 40, 30],
    ['palette.png', png(40, 30, (x, y) => (x + y) % 16, { colour: 'palette', palette, transparency: [0, 64, 128] }), 40, 30],
    ['deep.png', png(40, 30, (x, y, channel) => scene(x, y, channel) * 257, { depth: 16 }), 40, 30],
    ['cmyk.jpg', await asset('cmyk.jpg'), 24, 16],
    ['progressive.jpg', await asset('progressive.jpg'), 24, 16],
  ];
  for (const [name, file, width, height] of cases) {
    await app.add(upload(name, file));
    const result = await app.upscale();
    const seen = await compare(page, result, result);
    expect([seen.width, seen.height], name).toEqual([2 * width, 2 * height]);
    // The browser's own enlargement of the same file is near it: not black, not inverted, not shifted.
    expect(await meanDistance(page, file, result), name).toBeLessThan(12);
    await page.getByRole('button', { name: 'Remove' }).first().click();
  }
});

test('a black or inverted picture is told from a right one', async ({ page }) => {
  await page.goto('./');
  expect(await meanDistance(page, WHOLE, WHOLE)).toBeLessThan(1);
  expect(await meanDistance(page, WHOLE, png(80, 60, () => 0))).toBeGreaterThan(12);
  expect(await meanDistance(page, WHOLE, png(40, 30, (x, y, channel) => 255 - scene(x, y, channel)))).toBeGreaterThan(12);
  expect(await meanDistance(page, WHOLE, png(40, 30, (x, y, channel) => scene(39 - x, y, channel)))).toBeGreaterThan(12);
});

test('all eight orientations of EXIF are turned upright', async ({ page }) => {
  test.setTimeout(600_000);
  const app = await App.open(page, 'simd');
  await app.scale.selectOption('2');
  const upright = await redraw(page, WHOLE, 'image/jpeg');
  for (let orientation = 1; orientation <= 8; orientation += 1) {
    const file = withOrientation(upright, orientation);
    await app.add(upload(`turned-${orientation}.jpg`, file));
    const result = await app.upscale();
    const seen = await compare(page, result, result);
    expect([seen.width, seen.height], `${orientation}`).toEqual(orientation < 5 ? [80, 60] : [60, 80]);
    expect(await meanDistance(page, file, result), `orientation ${orientation}`).toBeLessThan(12);
    await page.getByRole('button', { name: 'Remove' }).first().click();
  }
});

test('model files that are none get a plain sentence', async ({ page }) => {
  const app = await App.open(page, 'simd');
  const summary = page.locator('summary').filter({ hasText: 'Engine' });
  await summary.click();
  const known = (JSON.parse(await readFile(`${ROOT}models/manifest.json`, 'utf8')) as { models: { file: string }[] }).models[0]?.file ?? '';
  const shipped = await readFile(`${ROOT}models/${known}`);
  const files = [
    upload('page.onnx', Buffer.from('<!doctype html><title>404</title>')),
    upload('cut.onnx', shipped.subarray(0, shipped.length >> 1)),
    upload('empty.onnx', Buffer.alloc(0)),
  ];
  for (const file of files) {
    await page.getByLabel('Add a network (ONNX)').setInputFiles(file);
    const problem = page.getByText(`${file.name}:`);
    await expect(problem).toBeVisible({ timeout: SMALL });
    expectPlain(await problem.innerText());
  }

  await page.getByLabel('Add a network (ONNX)').setInputFiles(upload('nobody.onnx', oneNode('NobodyHasThis')));
  await expect(app.model).toContainText('nobody', { timeout: SMALL });
  await app.add(upload('whole.png', WHOLE));
  const said = await app.refusal();
  expect(said).toContain('NobodyHasThis');
  expectPlain(said);
  await app.model.selectOption('auto');
  await app.scale.selectOption('4');
  await expectAlive(app, page);
});

/** Mean difference of two pictures after the browser has drawn both at 32 x 32, upright and over grey, in steps of 1/255. */
function meanDistance(page: Page, one: Buffer, other: Buffer): Promise<number> {
  return page.evaluate(
    async (texts) => {
      const [a = [], b = []] = await Promise.all(
        texts.map(async (text) => {
          const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(text), (character) => character.charCodeAt(0))]));
          const context = new OffscreenCanvas(32, 32).getContext('2d');
          if (!context) throw new Error('there is no 2D canvas');
          context.imageSmoothingQuality = 'high';
          context.fillStyle = '#808080';
          context.fillRect(0, 0, 32, 32);
          context.drawImage(bitmap, 0, 0, 32, 32);
          return [...context.getImageData(0, 0, 32, 32).data];
        }),
      );
      return a.reduce((sum, value, index) => sum + Math.abs(value - (b[index] ?? 0)), 0) / ((a.length * 3) / 4);
    },
    [one.toString('base64'), other.toString('base64')],
  );
}
