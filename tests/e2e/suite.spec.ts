import { readdirSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import { ROOT } from './support/environment.ts';
import { PlainServer } from './support/server.ts';

interface Outcome {
  readonly backend: string;
  readonly adapter: string | null;
  readonly passed: readonly { readonly name: string; readonly note: string }[];
  readonly failed: readonly { readonly name: string; readonly message: string }[];
}

/** Cases of tests/suite; fewer mean that some were lost on the way. */
const CASES = 10;

/** The model files, all of which every engine runs. */
const SHIPPED = readdirSync(`${ROOT}models`).filter((file) => file.endsWith('.onnx')).length;

const WORKER = `
  onmessage = async ({ data }) => {
    try {
      const { default: init, run_suite } = await import('/wasm/inlarge.js');
      await init({ module_or_path: '/wasm/inlarge_bg.wasm' });
      postMessage(await run_suite(data));
    } catch (error) {
      postMessage(JSON.stringify({ backend: data, adapter: null, passed: [], failed: [{ name: 'the worker', message: String(error?.stack ?? error) }] }));
    }
  };`;

for (const backend of ['gpu', 'simd', 'tract', 'reference']) {
  test(`the suite of every engine passes inside wasm on ${backend}`, async ({ page, browser }) => {
    test.setTimeout(900_000);
    const server = await PlainServer.start({
      files: { '/': '<!doctype html><title>suite</title>', '/worker.js': WORKER },
      folders: { '/wasm/': `${ROOT}.cache/wasm/suite` },
    });
    await page.goto(`${server.origin}/`);
    const text = await page.evaluate(
      (name) =>
        new Promise<string>((resolve, reject) => {
          const worker = new Worker('/worker.js', { type: 'module' });
          worker.onmessage = ({ data }) => resolve(data as string);
          worker.onerror = (event) => reject(new Error(event.message));
          worker.postMessage(name);
        }),
      backend,
    );
    await server.stop();
    const outcome = JSON.parse(text) as Outcome;
    for (const { name, note } of outcome.passed) console.log(`  ${backend}: ${name}: ${note}`);
    test.info().annotations.push({ type: 'used', description: `Chromium ${browser.version()}, wasm suite on ${backend}: ${outcome.adapter}` });
    expect(outcome.failed).toEqual([]);
    expect(outcome.passed.length).toBeGreaterThanOrEqual(CASES);
    expect(outcome.passed.map(({ note }) => note)).toContainEqual(expect.stringMatching(`^${SHIPPED} models, `));
  });
}
