/**
 * Drives Chromium for `cargo xtask bench web`: `node benches/peers/driver.mjs PLAN RESULT`, two JSON files. Progress goes to
 * standard error.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { chromium } from '@playwright/test';
import { cases } from './cases.mjs';
import { measurePages } from './pages.mjs';
import { CountingServer } from './server.mjs';

/** WebGPU without a GPU where there is none; no sandbox, for that needs rights that containers do not have. */
const ARGUMENTS = {
  software: ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--no-sandbox'],
  hardware: ['--enable-unsafe-webgpu', '--no-sandbox'],
};

const [planFile, resultFile] = process.argv.slice(2);
const plan = JSON.parse(await readFile(planFile, 'utf8'));
const say = (line) => console.error(`bench: ${line}`);

const server = new CountingServer(plan.folders, plan.cache);
await server.start();
try {
  // A page that does not load is known before the engines have taken their time.
  const pages = plan.pageRounds > 0 ? await measurePages(plan, server, say) : [];
  const result = { ...(await measureEngines()), pages };
  await writeFile(resultFile, JSON.stringify(result));
} finally {
  await server.stop();
}

async function measureEngines() {
  const browser = await chromium.launch({ executablePath: plan.browser, args: ARGUMENTS[plan.adapter] });
  try {
    const page = await browser.newPage();
    page.on('console', (message) => message.type() === 'error' && say(message.text()));
    page.on('crash', () => say('the page crashed'));
    await page.exposeFunction('report', say);
    await page.goto(`${server.origin}/bench/`);
    await page.waitForFunction(() => 'bench' in globalThis);
    if (!(await page.evaluate(() => globalThis.bench.isolated()))) throw new Error('The page is not isolated: there are no threads');
    const adapter = await page.evaluate(() => globalThis.bench.adapter());
    const found = { browser: `Chromium ${browser.version()}`, adapter: adapter?.name ?? null, results: [], failures: [], pages: [] };
    for (const one of cases(plan, adapter)) {
      const { results, failures } = await page.evaluate((what) => globalThis.bench.run(what, globalThis.report), one);
      const { net, side, threads } = one;
      found.results.push(...results.map((result) => ({ net: net.name, tile: side, threads, ...result })));
      found.failures.push(...failures);
      for (const { engine, message } of failures) say(`${engine} ${net.name} ${side} x${threads} FAILED: ${message}`);
    }
    return found;
  } finally {
    await browser.close();
  }
}
