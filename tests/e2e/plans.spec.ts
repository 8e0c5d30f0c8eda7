import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@playwright/test';
import { fromXtask, ROOT } from './support/environment.ts';

/** An order, a picture and a machine, as both sides are given them. */
interface Asked {
  readonly order: Record<string, unknown>;
  readonly subject: Record<string, unknown>;
  readonly machine: Record<string, unknown>;
}

const ORDERS = 200;
const SEED = 20_261_129;

/** Numbers from 0 to 1 (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Orders of every kind, one in five with a value that is refused. */
function draw(next: () => number): Asked {
  const one = <T>(...of: readonly T[]): T => of[Math.floor(next() * of.length)] as T;
  const side = (): number => 1 + Math.floor(next() ** 3 * 12_000);
  const wrong = next() < 0.2;
  const sizes: readonly Record<string, unknown>[] = [
    {}, { scale: one(1, 1.5, 2, 3, 4, 6, 8, 16) }, { size: { width: side() } }, { size: { height: side() } }, { size: { longEdge: side() } },
    { size: { megapixels: 0.1 + next() * 60 } }, { size: { fit: one('4k', '8K', '16k') } }, { size: { print: one('30x20cm@300', '12x8in@240', '200x300mm@254dpi') } },
  ];
  const faults: readonly Record<string, unknown>[] = [
    { scale: 17 }, { scale: 2, size: { width: 100 } }, { size: { fit: '5k' } }, { size: { print: '30x20@300' } }, { model: 'nobody' }, { variant: 'moon' }, { model: 'art', variant: 'bicubic' },
    { fidelity: 'locked' }, { sharpen: 1.2 }, { denoise: -1 }, { tile: 0 }, { output: { quality: 0 } }, { output: { type: 'image/gif' } }, { output: { metadata: 'some' } }, { backend: 'cuda' }, { shrapen: 1 },
    { scale: 'four' },
  ];
  const chosen = {
    ...one(...sizes), model: one('auto', 'photo', 'photo-fast', 'art', 'text', 'restore', 'photo-x4-web'), ...one({}, { variant: 'web' }), ...one({}, { fidelity: one('lock', 'tone', 'off') }),
    ...one({}, { denoise: next() }), ...one({}, { grain: next(), seed: 3 }), ...one({}, { wrap: true }),
    output: { type: one('image/png', 'image/jpeg', 'image/webp', 'image/tiff'), ...one({}, { quality: 1 + Math.floor(next() * 100) }) },
  };
  return {
    order: wrong ? { ...chosen, ...one(...faults) } : chosen,
    subject: {
      width: side(), height: side(), name: one('photo.jpeg', 'a.b.png', 'Dr. No', '.png', 'photo'), ...one({}, { kind: one('photo', 'art', 'text') }), alpha: next() < 0.3,
      grey: next() < 0.3, sixteenBits: next() < 0.3,
    },
    machine: {
      host: one('native', 'browser'), workers: 1 + Math.floor(next() * 8), freeBytes: one(null, 1e6, 1e9, 1e12),
      throughput: one({}, { 'photo-x4-web': 1e-11 }, { 'photo-fast-x4-web': 2e-10, 'photo-x2-web': 1e-10, 'text-x2-web': 1e-9 }),
    },
  };
}

/** What the command line says. */
function native(asked: readonly Asked[]): unknown[] {
  const { stdout } = spawnSync(fromXtask('INLARGE_COMMAND_LINE'), ['plan'], { input: asked.map((one) => `${JSON.stringify(one)}\n`).join(''), encoding: 'utf8', maxBuffer: 1 << 26 });
  return stdout.trim().split('\n').map((line) => JSON.parse(line) as unknown);
}

/** What the module of the page says, here in Node. */
async function module(asked: readonly Asked[]): Promise<unknown[]> {
  const glue = (await import(pathToFileURL(`${ROOT}www/wasm/app/inlarge.js`).href)) as typeof import('../../www/wasm/app/inlarge.js');
  glue.initSync({ module: readFileSync(`${ROOT}www/wasm/app/inlarge_bg.wasm`) });
  const catalogue = glue.Catalogue.parse(readFileSync(`${ROOT}models/manifest.json`, 'utf8'));
  return asked.map(({ order, subject, machine }) => {
    try {
      const plan = catalogue.plan(JSON.stringify(order), JSON.stringify(subject), JSON.stringify(machine));
      return { plan: plan === undefined ? null : (JSON.parse(plan) as unknown) };
    } catch (error) {
      const { kind, message, remedy } = error as Error & { kind: string; remedy: string };
      return { error: { kind, message: remedy ? `${message} ${remedy}` : message } };
    }
  });
}

test('page and command line make the same of 200 orders', async () => {
  const next = random(SEED);
  const asked = Array.from({ length: ORDERS }, () => draw(next));
  const [here, there] = [native(asked), await module(asked)];
  expect(here).toHaveLength(ORDERS);
  for (const [index, answer] of here.entries()) expect(there[index], JSON.stringify(asked[index])).toEqual(answer);
  // They are of every kind, with and without advice, and refused ones.
  const plans = here.flatMap((answer) => ('plan' in (answer as object) ? [(answer as { plan: { passes: unknown[]; advice: string[]; name: string } }).plan] : []));
  expect(plans.length).toBeGreaterThan(ORDERS / 3);
  expect(plans.length).toBeLessThan(ORDERS * 0.95);
  expect(new Set(plans.map((plan) => plan.passes.length)).size).toBeGreaterThan(2);
  expect(plans.filter((plan) => plan.advice.length > 0).length).toBeGreaterThan(5);
  for (const { advice } of plans) for (const text of advice) expect(text).not.toMatch(/\.$/);
  // The twin: an order that differs in one setting has another plan.
  const [first] = asked.filter(({ order }) => order['model'] === 'photo');
  const other = { order: { ...first?.order, model: 'photo-fast' }, subject: { ...first?.subject, name: 'other.png' }, machine: first?.machine ?? {} };
  expect((await module([other]))[0]).not.toEqual(native([first as Asked])[0]);
});
