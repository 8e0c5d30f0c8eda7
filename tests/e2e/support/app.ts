import { readFile } from 'node:fs/promises';
import { expect, test, type Download, type Locator, type Page } from '@playwright/test';

/** A file to choose on the page. */
export interface Upload {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

export function upload(name: string, buffer: Buffer): Upload {
  const types: Record<string, string> = { png: 'image/png', jpg: 'image/jpeg', webp: 'image/webp', tif: 'image/tiff', onnx: 'application/octet-stream' };
  return { name, buffer, mimeType: types[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream' };
}

/** How long an enlargement of a small picture may take on a busy machine, in milliseconds. */
export const SMALL = 90_000;

/** The page, by the roles and names that people and screen readers meet. */
export class App {
  readonly upscaleButton: Locator;
  readonly cancelButton: Locator;
  readonly saveButton: Locator;
  readonly progress: Locator;
  readonly status: Locator;
  readonly scale: Locator;
  readonly model: Locator;
  readonly engine: Locator;
  readonly files: Locator;
  readonly verdict: Locator;

  private constructor(readonly page: Page) {
    this.upscaleButton = page.getByRole('button', { name: 'Upscale' });
    this.cancelButton = page.getByRole('button', { name: 'Cancel' });
    this.saveButton = page.getByRole('button', { name: 'Save', exact: true });
    this.progress = page.getByRole('progressbar', { name: 'Progress' });
    this.status = page.getByRole('status');
    this.scale = page.getByLabel('Scale');
    this.model = page.getByLabel('Model');
    this.engine = page.getByRole('combobox', { name: 'Engine' });
    this.files = page.getByLabel('Choose images');
    this.verdict = page.getByText('could not be enlarged.');
  }

  /** Opens the page, as it is served or at another origin, and chooses an engine. What runs is noted for the report. */
  static async open(page: Page, engine?: 'gpu' | 'simd' | 'tract' | 'reference', origin = '.'): Promise<App> {
    await page.goto(`${origin}/`);
    const app = new App(page);
    if (engine) await app.choose(engine);
    return app;
  }

  /** The page as it is, without loading it. */
  static at(page: Page): App {
    return new App(page);
  }

  async choose(engine: 'gpu' | 'simd' | 'tract' | 'reference'): Promise<void> {
    const summary = this.page.locator('summary').filter({ hasText: 'Engine' });
    await summary.click();
    await this.engine.selectOption(engine);
    await expect(this.status).toContainText(`Engine ${engine}`, { timeout: SMALL });
    await summary.click();
    const browser = this.page.context().browser()?.version() ?? 'persistent profile';
    const line = (await this.status.innerText()).trim();
    test.info().annotations.push({ type: 'used', description: `Chromium ${browser}: ${line}` });
  }

  async add(...files: readonly Upload[]): Promise<void> {
    await this.files.setInputFiles([...files]);
  }

  /** Enlarges what was added and gives the saved file. */
  async upscale(timeout = SMALL): Promise<Buffer> {
    await this.upscaleButton.click();
    return this.finish(timeout);
  }

  /** Waits for the result and saves it. */
  async finish(timeout = SMALL): Promise<Buffer> {
    await expect(this.saveButton.or(this.verdict).first()).toBeVisible({ timeout });
    if (await this.verdict.isVisible()) throw new Error(await this.verdict.innerText());
    const download = this.page.waitForEvent('download');
    await this.saveButton.click();
    return contentOf(await download);
  }

  /** Enlarges what was added, which must fail; gives what the page says. */
  async refusal(timeout = SMALL): Promise<string> {
    await this.upscaleButton.click();
    await expect(this.verdict.or(this.saveButton).first()).toBeVisible({ timeout });
    return (await this.verdict.locator('xpath=..').innerText()).trim();
  }
}

export async function contentOf(download: Download): Promise<Buffer> {
  return readFile(await download.path());
}
