import { expect, test } from '@playwright/test';
import { ROOT } from './support/environment.ts';
import { oneNode } from './support/onnx.ts';
import { png, scene } from './support/png.ts';
import { PlainServer } from './support/server.ts';

type Library = typeof import('../../www/lib/index.ts');

test('a network of the user’s own is known again after the coordinator was ended', async ({ page }) => {
  const files = { '/': '<!doctype html><title>own</title>', '/mine.onnx': oneNode('Relu'), '/small.png': png(40, 30, scene) };
  const server = await PlainServer.start({ files, folders: { '/inlarge/': `${ROOT}dist/npm/` } });
  await page.addInitScript(() => {
    const workers: Worker[] = ((globalThis as { workers?: Worker[] }).workers = []);
    const Before = Worker;
    globalThis.Worker = class extends Before {
      constructor(address: string | URL, options?: WorkerOptions) {
        super(address, options);
        if (String(address).includes('coordinator')) workers.push(this);
      }
    };
  });
  await page.goto(`${server.origin}/`);
  const seen = await page.evaluate(async (entry) => {
    const { createUpscaler } = (await import(entry)) as Library;
    const bytes = async (path: string): Promise<Blob> => (await fetch(path)).blob();
    const up = await createUpscaler({ backend: 'simd', workers: 1 });
    const entryOf = await up.addModel(new File([await bytes('/mine.onnx')], 'mine.onnx'));
    const again = await up.addModel(new File([await bytes('/mine.onnx')], 'mine.onnx')).catch((error: Error) => error.message);
    const picture = await bytes('/small.png');
    const run = async (): Promise<unknown[]> => {
      const { report, name } = await up.upscale(picture, { model: 'mine', name: 'small.png' });
      return [report.model, report.width, report.height, name];
    };
    const before = await run();
    const { workers = [] } = globalThis as { workers?: Worker[] };
    const count = workers.length;
    for (const worker of workers) worker.terminate();
    // Whoever asks while the end has not been noticed yet learns of it.
    const after = await run().catch(run);
    up.dispose();
    return { id: entryOf.id, again, before, after, started: workers.length - count };
  }, `${server.origin}/inlarge/index.js`);
  expect(seen.id).toBe('mine');
  expect(seen.again).toContain('There is a model "mine" already');
  expect(seen.before).toEqual(['mine', 40, 30, 'small-1x.png']);
  expect(seen.after).toEqual(seen.before);
  expect(seen.started).toBe(1);
  await server.stop();
});
