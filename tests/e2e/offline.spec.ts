import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, expect, test, type BrowserContext } from '@playwright/test';
import { App, upload } from './support/app.ts';
import { CHROMIUM_ARGUMENTS, fromXtask } from './support/environment.ts';
import { compare } from './support/pictures.ts';
import { png, scene } from './support/png.ts';

async function serve(): Promise<{ address: string; server: ChildProcess }> {
  const server = spawn(fromXtask('INLARGE_XTASK'), ['serve', '--no-build', '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const address = await new Promise<string>((resolve, reject) => {
    server.stdout.on('data', (text: Buffer) => {
      const found = /http:\/\/[\d.:]+\//.exec(text.toString());
      if (found) resolve(found[0]);
    });
    server.on('exit', (status) => reject(new Error(`the server ended with ${status}`)));
  });
  return { address, server };
}

function browser(profile: string, address: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, { executablePath: fromXtask('CHROMIUM'), args: CHROMIUM_ARGUMENTS, baseURL: address });
}

test('works after a restart of the browser, with no server and no network', async () => {
  const { address, server } = await serve();
  const profile = await mkdtemp(join(tmpdir(), 'inlarge-profile-'));

  const first = await browser(profile, address);
  const visit = await first.newPage();
  await visit.goto('./');
  // Ready means that everything is in the cache: the worker becomes active only after its install step.
  await visit.evaluate(async () => (await navigator.serviceWorker.ready).active?.state);
  const kept = await visit.evaluate(async () => {
    const caches = await Promise.all((await globalThis.caches.keys()).map((name) => globalThis.caches.open(name)));
    const requests = (await Promise.all(caches.map((cache) => cache.keys()))).flat();
    return requests.map(({ url }) => new URL(url).pathname).filter((path) => path.endsWith('.wasm')).sort();
  });
  expect(kept, 'of the two app packages only the one in use').toEqual(['app-relaxed', 'codecs', 'tract'].map((name) => `/wasm/${name}/inlarge_bg.wasm`));
  await first.close();

  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill();
  await ended;
  await expect(fetch(address), 'the server still answers').rejects.toThrow();

  const second = await browser(profile, address);
  await second.setOffline(true);
  const page = await second.newPage();
  for (const engine of ['simd', 'tract', 'gpu'] as const) {
    const app = await App.open(page, engine);
    await app.add(upload('scene.png', png(40, 30, scene)));
    const result = await app.upscale();
    expect(await compare(page, result, result)).toMatchObject({ width: 160, height: 120 });
  }
  await second.close();
});
