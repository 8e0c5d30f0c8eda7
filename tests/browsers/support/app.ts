import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@playwright/test';
import { enlargeByCommandLine } from '../../e2e/support/command-line.ts';
import { SITE_PORT } from '../../e2e/support/environment.ts';
import { compare, icon, redraw, type Page } from '../../e2e/support/pictures.ts';
import { png, scene } from '../../e2e/support/png.ts';
import { RELAXED_MADD } from '../../../www/shared/features.ts';

/** Page and command line may differ by rounding: one step of 255. */
const TOLERANCE = 1;
const SCALE = 2;
const WIDTH = 72;
const HEIGHT = 52;
const PICTURE = png(WIDTH, HEIGHT, scene);

/** A page in a browser, by whichever driver. */
export interface DrivenPage extends Page {
  goto(address: string): Promise<unknown>;
  /** Gives a file of this machine to the page's "Choose images", as its file dialog would. */
  chooseFile(path: string): Promise<void>;
}

/** What the page shows. */
interface Shown {
  readonly status: string;
  /** Whether there is a button of this name that can be pressed. */
  readonly upscale: boolean;
  readonly save: boolean;
  readonly problem: string;
}

/** The page of Inlarge, moved through its own controls. */
class App {
  constructor(private readonly page: DrivenPage) {}

  async open(): Promise<void> {
    await this.page.goto(`http://127.0.0.1:${SITE_PORT}/`);
    await this.until('an engine', ({ status }) => status.startsWith('Engine '));
  }

  /** Chooses in a list by its accessible name. */
  async choose(list: string, value: string): Promise<void> {
    await this.page.evaluate(async ([name, option]) => {
      const selects = [...(document.querySelector('inlarge-app')?.shadowRoot?.querySelectorAll('select') ?? [])];
      const nameOf = (select: Element): string => select.getAttribute('aria-label') ?? select.closest('label')?.querySelector('span')?.textContent ?? '';
      const found = selects.find((select) => nameOf(select) === name);
      if (!found) throw new Error(`the page has no list ${name}`);
      found.value = option;
      found.dispatchEvent(new Event('change', { bubbles: true }));
    }, [list, value] as const);
  }

  async press(button: string): Promise<void> {
    await this.page.evaluate(async (name) => {
      const buttons = [...(document.querySelector('inlarge-app')?.shadowRoot?.querySelectorAll('button') ?? [])];
      buttons.find((found) => found.textContent?.trim() === name)?.click();
    }, button);
  }

  /** Waits until the page shows what is wanted. */
  async until(what: string, wanted: (shown: Shown) => boolean): Promise<Shown> {
    for (const deadline = Date.now() + 120_000; ; await sleep(200)) {
      const shown = await this.shown();
      if (wanted(shown)) return shown;
      if (shown.problem) throw new Error(shown.problem);
      if (Date.now() > deadline) throw new Error(`there is no ${what} after two minutes; the page says: ${JSON.stringify(shown)}`);
    }
  }

  /** The bytes of the file that "Save" would save. */
  async result(): Promise<Buffer> {
    const text = await this.page.evaluate(async () => {
      const app = document.querySelector('inlarge-app') as unknown as { workspace: { selected: { result: { blob: Blob } } } };
      const bytes = new Uint8Array(await app.workspace.selected.result.blob.arrayBuffer());
      let binary = '';
      for (const byte of bytes) binary += String.fromCharCode(byte);
      return btoa(binary);
    }, undefined);
    return Buffer.from(text, 'base64');
  }

  /** What the page says of a picture that it could not enlarge. */
  async refusal(): Promise<string> {
    return this.until('refusal', () => false).then(() => '', (error: Error) => error.message);
  }

  private shown(): Promise<Shown> {
    return this.page.evaluate(async () => {
      const root = document.querySelector('inlarge-app')?.shadowRoot;
      const text = (selector: string): string => root?.querySelector(selector)?.textContent?.trim() ?? '';
      const names = [...(root?.querySelectorAll('button') ?? [])].filter((button) => !button.disabled).map((button) => button.textContent?.trim());
      return { status: text('[role=status]'), upscale: names.includes('Upscale'), save: names.includes('Save'), problem: text('.verdict') };
    }, undefined);
  }
}

/** Whether the browser itself takes relaxed SIMD. */
export function hasRelaxedSimd(page: DrivenPage): Promise<boolean> {
  return page.evaluate(async (bytes) => WebAssembly.validate(Uint8Array.from(bytes)), [...RELAXED_MADD]);
}

/** Enlarges a picture and compares it with what the command line makes of the same file. Gives the status line. */
export async function enlarge(page: DrivenPage, browser: string, engine: 'gpu' | 'simd'): Promise<string> {
  const app = new App(page);
  await app.open();
  await app.choose('Engine', engine);
  const { status } = await app.until(engine, (shown) => shown.status.startsWith(`Engine ${engine}`));
  test.info().annotations.push({ type: 'used', description: `${browser}: ${status}` });
  const path = test.info().outputPath('chosen.png');
  await writeFile(path, PICTURE);
  await page.chooseFile(path);
  await app.until('picture', ({ upscale }) => upscale);
  await app.choose('Scale', `${SCALE}`);
  await app.press('Upscale');
  await app.until('result', ({ save }) => save);
  const ours = await app.result();
  expect(ours.subarray(1, 4).toString()).toBe('PNG');
  expect([ours.readUInt32BE(16), ours.readUInt32BE(20)]).toEqual([SCALE * WIDTH, SCALE * HEIGHT]);
  await expectSame(page, ours, await enlargeByCommandLine('scene.png', PICTURE, SCALE));
  return status;
}

/** Where pixels cannot be read back, a file that only the browser decodes is refused, and one of ours is enlarged. */
export async function expectNoCanvas(page: DrivenPage): Promise<void> {
  const app = new App(page);
  await app.open();
  await app.choose('Engine', 'simd');
  await app.choose('Scale', `${SCALE}`);
  await app.until('simd', (shown) => shown.status.startsWith('Engine simd'));
  const path = test.info().outputPath('chosen.ico');
  await writeFile(path, icon(PICTURE, WIDTH, HEIGHT));
  await page.chooseFile(path);
  await app.until('picture', ({ upscale }) => upscale);
  await app.press('Upscale');
  expect(await app.refusal()).toContain('This browser alters the pixels that a page reads back');
  await app.press('Remove');
  const other = test.info().outputPath('chosen.png');
  await writeFile(other, PICTURE);
  await page.chooseFile(other);
  await app.until('picture', ({ upscale }) => upscale);
  await app.press('Upscale');
  await app.until('result', ({ save }) => save);
  const ours = await app.result();
  expect([ours.readUInt32BE(16), ours.readUInt32BE(20)]).toEqual([SCALE * WIDTH, SCALE * HEIGHT]);
}

async function expectSame(page: DrivenPage, ours: Buffer, theirs: Buffer): Promise<void> {
  const result = await compare(page, ours, theirs);
  if (result.difference > TOLERANCE) {
    for (const [name, body] of [['page.png', ours], ['command-line.png', theirs], ['difference.png', result.map]] as const) {
      await test.info().attach(name, { body, contentType: 'image/png' });
    }
  }
  expect(result.difference, `${result.pixels} pixels differ`).toBeLessThanOrEqual(TOLERANCE);
}

/** The twin of the comparison, in the browser that makes it: a changed pixel is noticed. */
export async function expectChangeNoticed(page: DrivenPage): Promise<void> {
  await page.goto(`http://127.0.0.1:${SITE_PORT}/`);
  const same = await redraw(page, PICTURE, 'image/png');
  expect((await compare(page, PICTURE, same)).difference).toBe(0);
  const changed = await redraw(page, PICTURE, 'image/png', { x: WIDTH - 1, y: HEIGHT - 1, by: TOLERANCE + 1 });
  await expect(expectSame(page, PICTURE, changed)).rejects.toThrow('1 pixels differ');
}
