import puppeteer, { type Browser, type ElementHandle, type Page } from 'puppeteer-core';
import { fromXtask } from '../../e2e/support/environment.ts';
import type { DrivenPage } from './app.ts';

/** Headless Firefox over WebDriver BiDi, with WebGPU on whatever Vulkan device there is. */
export class Firefox implements DrivenPage {
  private constructor(
    private readonly browser: Browser,
    private readonly page: Page,
    readonly name: string,
  ) {}

  /** `preferences` go beside those that WebGPU needs. */
  static async start(preferences: Record<string, boolean> = {}): Promise<Firefox> {
    const browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath: fromXtask('FIREFOX'),
      headless: true,
      extraPrefsFirefox: { 'dom.webgpu.enabled': true, 'gfx.webgpu.ignore-blocklist': true, ...preferences },
    });
    return new Firefox(browser, await browser.newPage(), await browser.version());
  }

  goto(address: string): Promise<unknown> {
    return this.page.goto(address);
  }

  evaluate<Result, Argument>(body: (argument: Argument) => Promise<Result>, argument: Argument): Promise<Result> {
    return this.page.evaluate(body as (given: unknown) => Promise<Result>, argument);
  }

  async chooseFile(path: string): Promise<void> {
    const input = await this.page.evaluateHandle(() => document.querySelector('inlarge-app')?.shadowRoot?.querySelector('#files'));
    await (input as ElementHandle<HTMLInputElement>).uploadFile(path);
  }

  close(): Promise<void> {
    return this.browser.close();
  }
}
