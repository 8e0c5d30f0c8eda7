import { chromium } from '@playwright/test';
import { Line } from './line.mjs';

/** How long a visit may take, in milliseconds. */
const PATIENCE = 180_000;
/** How long the page waits by itself: what it then shows says more than that the visit took too long. */
const PAGE_PATIENCE = PATIENCE - 10_000;
const SIDE = 512;
const PICTURE = '/scene.png';
/** How long a new window is left alone, in milliseconds: the browser loads pages of its own there, which take both cores for a second. */
const SETTLING = 3000;
/** What lies between the server and the browser: nothing, and what Lighthouse takes for the line of a desktop computer. */
const LINES = {
  none: undefined,
  '10 Mbit/s, 40 ms': { rate: 10_240_000, delay: 40 },
};

/**
 * Opens our page and the minimal page on ONNX Runtime Web `rounds` times each, in turns, with empty caches and again, and
 * gives for each visit the milliseconds from navigation to the finished picture and the bytes that were fetched for it; all of
 * that over each of `LINES`.
 */
export async function measurePages(plan, server, report) {
  const browser = await chromium.launch({ executablePath: plan.browser, args: ['--no-sandbox'] });
  const visits = [];
  server.counting = true;
  try {
    server.pictures.set(PICTURE, await paint(browser));
    // Nobody's first visit waits for the compressor.
    for (const job of JOBS) await visit(browser, server, job);
    for (let round = 0; round < plan.pageRounds; round += 1) {
      for (const [line, character] of Object.entries(LINES)) {
        server.line = character && new Line(character);
        for (const job of JOBS) {
          for (const result of await visit(browser, server, job)) {
            visits.push({ line, ...result });
            await report(`${result.page}, ${result.cache} cache, line ${line}: ${result.ms.toFixed(0)} ms, ${result.bytes} bytes`);
          }
        }
      }
    }
  } finally {
    server.counting = false;
    server.line = undefined;
    await browser.close();
  }
  return visits;
}

const JOBS = [
  {
    page: 'inlarge',
    path: '/site/',
    enlarge: useOurPage,
    /** The service worker keeps the page for the next visit once it has fetched everything. */
    async settle(page) {
      await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    },
  },
  { page: 'library', path: '/library-page/', enlarge: useMinimalPage, async settle() {} },
  { page: 'ort', path: '/ort-page/', enlarge: useMinimalPage, async settle() {} },
];

/**
 * Runs in each document before its own scripts, and reports on its console: a driver that asks the page, or hands it the picture,
 * keeps it busy for a third of a second.
 */
async function conduct(enlarge, picture, patience) {
  const tools = {
    /** What `find` gives once it gives something, looking at every frame. */
    async found(find) {
      for (;;) {
        const element = find();
        if (element) return element;
        if (performance.now() > patience) throw new Error(`Waited too long: ${document.body?.textContent}`);
        await new Promise(requestAnimationFrame);
      }
    },
    give(input, file) {
      const transfer = new DataTransfer();
      transfer.items.add(file);
      input.files = transfer.files;
      input.dispatchEvent(new Event('change', { bubbles: true }));
    },
  };
  try {
    const answer = await fetch(picture);
    const file = new File([await answer.blob()], 'scene.png', { type: 'image/png' });
    await enlarge(file, tools);
    console.log(`finished ${performance.now()}`);
  } catch (error) {
    console.log(`failed ${error}`);
  }
}

/** Gives our page the picture, chooses, starts, and waits for the result to save. */
async function useOurPage(file, { found, give }) {
  const app = await found(() => document.querySelector('inlarge-app')?.renderRoot);
  const choose = async (find, value) => {
    const offers = (select) => [...(select?.options ?? [])].some((option) => option.value === value);
    const select = await found(() => (offers(find()) ? find() : undefined));
    select.value = value;
    select.dispatchEvent(new Event('change'));
  };
  const labelled = (words) => [...app.querySelectorAll('label')].find((label) => label.textContent.trim().startsWith(words))?.querySelector('select');
  const button = (words) => {
    if (app.textContent.includes('could not be enlarged')) throw new Error(app.textContent);
    return [...app.querySelectorAll('button:enabled')].find((one) => one.textContent.trim() === words);
  };
  give(await found(() => app.querySelector('input[type=file]')), file);
  await choose(() => app.querySelector('select[aria-label="Engine"]'), 'simd');
  await choose(() => labelled('Scale'), '2');
  await choose(() => labelled('Model'), 'photo-fast');
  (await found(() => button('Upscale'))).click();
  await found(() => button('Save'));
}

/** As `useOurPage`; those pages start by themselves. */
async function useMinimalPage(file, { found, give }) {
  give(await found(() => document.querySelector('input[type=file]')), file);
  const status = document.querySelector('output');
  await found(() => {
    if (status.textContent.startsWith('Failed')) throw new Error(status.textContent);
    return status.textContent.startsWith('Done');
  });
}

/** A visit with empty caches and one with what it left behind. */
async function visit(browser, server, job) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    await page.addInitScript({ content: `(${conduct})(${job.enlarge}, ${JSON.stringify(PICTURE)}, ${PAGE_PATIENCE})` });
    await page.waitForTimeout(SETTLING);
    const results = [];
    for (const cache of ['cold', 'warm']) {
      const before = server.sent.length;
      const report = page.waitForEvent('console', (message) => /^(finished|failed) /.test(message.text()));
      if (cache === 'cold') await page.goto(`${server.origin}${job.path}`, { waitUntil: 'commit' });
      else await page.reload({ waitUntil: 'commit' });
      const [, how, what] = /^(\w+) ([^]*)/.exec((await report).text());
      if (how === 'failed') throw new Error(`The page ${job.page}: ${what}`);
      const ms = Number(what);
      const fetched = server.sent.slice(before);
      const sum = (answers) => answers.reduce((total, { bytes }) => total + bytes, 0);
      const bytes = sum(fetched.filter(({ worker }) => !worker));
      await job.settle(page);
      // What the service worker fetches for visits without a network delays no picture.
      const offline = sum(server.sent.slice(before).filter(({ worker }) => worker));
      results.push({ page: job.page, cache, ms, bytes, offline });
    }
    return results;
  } finally {
    await context.close();
  }
}

/** A PNG with smooth colour, edges and texture, drawn by the browser. */
async function paint(browser) {
  const page = await browser.newPage();
  const address = await page.evaluate((side) => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [side, side];
    const context = canvas.getContext('2d');
    const pixels = context.createImageData(side, side);
    for (let i = 0; i < side * side; i += 1) {
      const [x, y] = [i % side, Math.floor(i / side)];
      for (let c = 0; c < 3; c += 1) {
        const smooth = 128 + 60 * Math.sin(x / 37 + c) + 40 * Math.cos(y / 29 - c);
        const edge = (x * x + y * y) % 40_000 < 20_000 ? 15 : -15;
        pixels.data[4 * i + c] = smooth + edge + ((x * 7 + y * 13 + c * 5) % 11);
      }
      pixels.data[4 * i + 3] = 255;
    }
    context.putImageData(pixels, 0, 0);
    return canvas.toDataURL('image/png');
  }, SIDE);
  await page.close();
  return Buffer.from(address.slice(address.indexOf(',') + 1), 'base64');
}
