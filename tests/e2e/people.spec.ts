import { expect, test, type Page } from '@playwright/test';
import { App, contentOf, SMALL, upload } from './support/app.ts';
import { png, scene } from './support/png.ts';

const PICTURE = upload('a-name-that-is-rather-long-for-a-telephone-but-common-on-cameras-DSC_0001234.png', png(48, 36, scene));

async function expectNoSidewaysScroll(page: Page, when: string): Promise<void> {
  const { needed, had } = await page.evaluate(() => ({ needed: document.documentElement.scrollWidth, had: document.documentElement.clientWidth }));
  expect(needed, when).toBeLessThanOrEqual(had);
}

for (const [width, height] of [[360, 740], [320, 568]] as const) {
  test(`fits a telephone of ${width} x ${height}`, async ({ page }) => {
    await page.setViewportSize({ width, height });
    const app = await App.open(page, 'simd');
    await expectNoSidewaysScroll(page, 'empty');
    await app.add(PICTURE);
    await expect(app.upscaleButton).toBeEnabled();
    await expectNoSidewaysScroll(page, 'with a picture');
    await app.upscale();
    await expectNoSidewaysScroll(page, 'with a result');
    for (const button of await page.getByRole('button').all()) {
      if (!(await button.isVisible())) continue;
      const box = await button.boundingBox();
      expect((box?.x ?? 0) + (box?.width ?? 0), await button.innerText()).toBeLessThanOrEqual(width);
    }
  });
}

test('on a telephone nothing lies over what can be pressed, not even what the page has to say', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 640 });
  const app = await App.open(page);
  await app.add(PICTURE);
  await expect(app.upscaleButton).toBeEnabled();
  /** What can be pressed, and is covered by something else when it is scrolled to. */
  const covered = (): Promise<string[]> =>
    page.locator('inlarge-app').evaluate((element) => {
      const root = element.shadowRoot!;
      const all = [...root.querySelectorAll<HTMLElement>('button, select, summary, label.quiet')].filter((one) => one.checkVisibility());
      return all.flatMap((one) => {
        one.scrollIntoView({ block: 'center' });
        const { x, y, width, height } = one.getBoundingClientRect();
        const top = root.elementFromPoint(x + width / 2, y + height / 2);
        return one.contains(top) ? [] : `${one.innerText || one.tagName} lies under ${top?.outerHTML.slice(0, 80)}`;
      });
    });
  await expect(page.getByText('Ready to work offline.')).toBeVisible({ timeout: SMALL });
  expect(await covered()).toEqual([]);
  await expect(page.getByText('Ready to work offline.')).toBeVisible();
  await app.upscaleButton.click({ trial: true });
  await expectNoSidewaysScroll(page, 'with a note');
  // The twin: something that does lie over the button is found.
  await app.upscaleButton.evaluate((button) => {
    const { x, y, width, height } = button.getBoundingClientRect();
    const lid = document.createElement('div');
    lid.style.cssText = `position: fixed; left: ${x}px; top: ${y}px; width: ${width}px; height: ${height}px`;
    button.getRootNode().appendChild(lid);
  });
  expect((await covered()).join()).toContain('Upscale lies under');
});

/** Presses Tab until the focus is on what has this role and name. */
async function tabTo(page: Page, role: 'button' | 'combobox' | 'file', name: string): Promise<void> {
  const target = role === 'file' ? page.getByLabel(name) : page.getByRole(role, { name, exact: true });
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    if (await target.evaluate((element) => element.matches(':focus')).catch(() => false)) return;
  }
  throw new Error(`60 presses of Tab do not reach the ${role} "${name}"`);
}

test('a keyboard is enough', async ({ page }) => {
  // Asked for early: the browser takes a moment to hand its dialogs over, and one that opens before that is lost.
  const chooser = page.waitForEvent('filechooser');
  const app = await App.open(page);
  await expect(app.status).toContainText('Engine', { timeout: SMALL });
  await tabTo(page, 'file', 'Choose images');
  await page.keyboard.press('Enter');
  await (await chooser).setFiles([PICTURE]);
  await expect(app.upscaleButton).toBeEnabled();
  await tabTo(page, 'combobox', 'Scale');
  await page.keyboard.press('Home');
  await expect(app.scale).toHaveValue('2');
  await tabTo(page, 'button', 'Upscale');
  await page.keyboard.press('Enter');
  await expect(app.saveButton).toBeVisible({ timeout: SMALL });
  await tabTo(page, 'button', 'Save');
  const download = page.waitForEvent('download');
  await page.keyboard.press('Enter');
  const saved = await contentOf(await download);
  expect([saved.readUInt32BE(16), saved.readUInt32BE(20)]).toEqual([96, 72]);
});

test('a dropped and a pasted picture are taken', async ({ page }) => {
  const app = await App.open(page);
  const bytes = [...PICTURE.buffer];
  for (const [event, name] of [['drop', 'dropped.png'], ['paste', 'pasted.png']] as const) {
    await page.evaluate(
      ([kind, file, content]) => {
        const data = new DataTransfer();
        data.items.add(new File([new Uint8Array(content)], file, { type: 'image/png' }));
        const init = { bubbles: true, cancelable: true, composed: true };
        const sent = kind === 'drop' ? new DragEvent('drop', { ...init, dataTransfer: data }) : new ClipboardEvent('paste', { ...init, clipboardData: data });
        document.body.dispatchEvent(sent);
      },
      [event, name, bytes] as const,
    );
    await expect(page.getByText(name).first()).toBeVisible();
  }
  await expect(app.upscaleButton).toBeEnabled();
});

test('the names of the contract are there', async ({ page }) => {
  const app = await App.open(page);
  await expect(app.files).toHaveAttribute('type', 'file');
  await expect(app.scale).toBeVisible();
  await expect(app.model).toBeVisible();
  await expect(app.upscaleButton).toBeDisabled();
  await expect(app.status).toHaveText(/Engine (gpu|simd|tract|reference)/, { timeout: SMALL });
});
