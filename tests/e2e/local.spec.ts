import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, expect, test } from '@playwright/test';
import { App, SMALL, upload } from './support/app.ts';
import { CHROMIUM_ARGUMENTS, fromXtask, SITE_PORT } from './support/environment.ts';
import { png, scene } from './support/png.ts';
import { PlainServer } from './support/server.ts';

const SITE = `http://127.0.0.1:${SITE_PORT}`;
const PICTURE = upload('scene.png', png(40, 30, scene));

/** Requests in Chromium's own log of its network: those of pages, workers and service workers alike. */
async function requests(log: string): Promise<{ url: string; initiator: string }[]> {
  const { constants, events } = JSON.parse(await readFile(log, 'utf8')) as {
    constants: { logEventTypes: Record<string, number> };
    events: { type: number; params?: { url?: string; initiator?: string } }[];
  };
  const start = constants.logEventTypes['URL_REQUEST_START_JOB'];
  return events.flatMap(({ type, params }) => (type === start && params?.url ? [{ url: params.url, initiator: params.initiator ?? '' }] : []));
}

test('no request leaves the origin, whoever makes it', async () => {
  const log = join(await mkdtemp(join(tmpdir(), 'inlarge-')), 'net.json');
  const stranger = await PlainServer.start({ files: { '/seen': 'seen' }, headers: { 'Access-Control-Allow-Origin': '*' } });
  const browser = await chromium.launch({ executablePath: fromXtask('CHROMIUM'), args: [...CHROMIUM_ARGUMENTS, `--log-net-log=${log}`] });
  const context = await browser.newContext({ baseURL: `${SITE}/` });
  const page = await context.newPage();
  for (const engine of ['gpu', 'simd', 'tract'] as const) {
    const app = await App.open(page, engine);
    await app.add(PICTURE);
    await app.upscale();
  }
  await page.evaluate(() => navigator.serviceWorker.ready);
  // The twin: a page without our policy that does ask a stranger is seen in the log.
  const other = await context.newPage();
  await other.goto(`${stranger.origin}/seen`);
  await browser.close();
  await stranger.stop();

  const seen = await requests(log);
  const urls = seen.map(({ url }) => url);
  for (const part of ['/worker/compute.js', '/wasm/app-relaxed/inlarge_bg.wasm', '/wasm/tract/inlarge_bg.wasm', '/models/manifest.json', '/sw.js']) {
    expect(urls.filter((url) => url.startsWith(`${SITE}${part}`)), `the log shows no request for ${part}`).not.toHaveLength(0);
  }
  expect(urls).toContain(`${stranger.origin}/seen`);
  // Chromium itself asks its makers for this and that; no page or worker of ours is the initiator of that.
  const ours = seen.filter(({ initiator }) => initiator.startsWith(SITE));
  expect(ours.length).toBeGreaterThan(5);
  expect(ours.filter(({ url }) => !url.startsWith(`${SITE}/`) && !/^(blob|data):/.test(url))).toEqual([]);
});

test('the policy is in force on the page and in every worker', async ({ page }) => {
  const stranger = await PlainServer.start({ files: { '/open': 'open to all' }, headers: { 'Access-Control-Allow-Origin': '*' } });
  const fetches = async ([foreign, own]: readonly [string, string]): Promise<{ foreign: string; own: string; violated: string }> => {
    const violation = new Promise<string>((resolve) => {
      globalThis.addEventListener('securitypolicyviolation', (event) => resolve((event as SecurityPolicyViolationEvent).effectiveDirective));
      setTimeout(() => resolve('none'), 3000);
    });
    const ask = (url: string): Promise<string> => fetch(url).then((answer) => answer.text(), (error: unknown) => `refused: ${String(error)}`);
    const [far, near] = [await ask(foreign), await ask(own)];
    return { foreign: far, own: near, violated: await violation };
  };
  const addresses = [`${stranger.origin}/open`, `${SITE}/models/manifest.json`] as const;

  const app = await App.open(page, 'simd');
  await app.add(PICTURE);
  await app.upscale();
  const workers = page.workers();
  expect(workers.map((worker) => worker.url()).filter((url) => url.startsWith(`${SITE}/worker/`)).length).toBeGreaterThanOrEqual(2);
  const answers = [await page.evaluate(fetches, addresses)];
  for (const worker of workers) answers.push(await worker.evaluate(fetches, addresses));
  for (const { foreign, own, violated } of answers) {
    expect(foreign).toContain('refused');
    expect(violated).toBe('connect-src');
    // The twin: fetching works there, if it is our own.
    expect(own).toContain('"models"');
  }
  expect(stranger.asked).toEqual([]);
  // And the stranger does answer where no policy forbids it.
  await page.goto(`${stranger.origin}/open`);
  expect((await page.evaluate(fetches, [`${stranger.origin}/open`, `${stranger.origin}/open`] as const)).foreign).toBe('open to all');
  await stranger.stop();
});

test('page, worker scripts and service worker carry the same policy', async ({ request }) => {
  const policies = new Set<string>();
  for (const path of ['', 'index.html', 'worker/coordinator.js', 'worker/compute.js', 'sw.js']) {
    const answer = await request.get(path);
    expect(answer.status(), path).toBe(200);
    policies.add(answer.headers()['content-security-policy'] ?? `none on ${path}`);
  }
  expect([...policies]).toHaveLength(1);
  expect([...policies][0]).toContain("connect-src 'self' blob:");
});

test('nothing is said in the console, and nothing throws', async ({ page }) => {
  const said: string[] = [];
  page.on('console', (line) => {
    if (['error', 'warning'].includes(line.type())) said.push(line.text());
  });
  page.on('pageerror', (error) => said.push(String(error)));
  const app = await App.open(page, 'simd');
  await app.add(PICTURE);
  await app.upscale(SMALL);
  expect(said).toEqual([]);
});
