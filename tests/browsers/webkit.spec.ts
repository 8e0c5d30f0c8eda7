import { expect, test } from '@playwright/test';
import { enlarge, expectChangeNoticed, hasRelaxedSimd } from './support/app.ts';
import { WebKit } from './support/webkit.ts';

let webkit: WebKit;

test.beforeAll(async () => {
  webkit = await WebKit.start();
});

test.afterAll(async () => {
  await webkit?.close();
});

test('WebKitGTK enlarges on the processor without relaxed SIMD, and agrees with the command line', async () => {
  const status = await enlarge(webkit, webkit.name, 'simd');
  expect(await hasRelaxedSimd(webkit)).toBe(false);
  expect(status).toContain('CPU, WebAssembly SIMD');
});

test('in WebKitGTK a changed pixel is noticed', async () => {
  await expectChangeNoticed(webkit);
});
