import { expect, test } from '@playwright/test';
import { enlarge, expectChangeNoticed, expectNoCanvas, hasRelaxedSimd } from './support/app.ts';
import { Firefox } from './support/firefox.ts';

let firefox: Firefox;

test.beforeAll(async () => {
  firefox = await Firefox.start();
});

test.afterAll(async () => {
  await firefox?.close();
});

test('Firefox enlarges on the processor, and agrees with the command line', async () => {
  const status = await enlarge(firefox, firefox.name, 'simd');
  expect(status).toContain((await hasRelaxedSimd(firefox)) ? 'WebAssembly relaxed SIMD' : 'WebAssembly SIMD');
});

test('Firefox enlarges with WebGPU, and agrees with the command line', async () => {
  await enlarge(firefox, firefox.name, 'gpu');
});

test('in Firefox a changed pixel is noticed', async () => {
  await expectChangeNoticed(firefox);
});

test('Firefox that resists fingerprinting says so, rather than to enlarge what it makes of the picture', async () => {
  const shy = await Firefox.start({ 'privacy.resistFingerprinting': true });
  try {
    await expectNoCanvas(shy);
  } finally {
    await shy.close();
  }
});
