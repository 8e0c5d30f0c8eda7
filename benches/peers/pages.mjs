import { chromium } from '@playwright/test';

/** How long a visit may take, in milliseconds. */
const PATIENCE = 180_000;
const SIDE = 512;

/**
 * Opens our page and the minimal page on ONNX Runtime Web `rounds` times each, in turns, with empty caches and again, and
 * gives for each visit the milliseconds from navigation to the finished picture and the bytes that were fetched for it.
 */
export async function measurePages(plan, server, report) {
  const browser = await chromium.launch({ executablePath: plan.browser, args: ['--no-sandbox'] });
  const visits = [];
  server.counting = true;
  try {
    const picture = await paint(browser);
    // Nobody's first visit waits for the compressor.
    for (const job of JOBS) await visit(browser, server, job, picture);
    for (let round = 0; round < plan.pageRounds; round += 1) {
      for (const job of JOBS) {
        for (const result of await visit(browser, server, job, picture)) {
          visits.push(result);
          await report(`${result.page}, ${result.cache} cache: ${result.ms.toFixed(0)} ms, ${result.bytes} bytes`);
        }
      }
    }
  } finally {
    server.counting = false;
    await browser.close();
  }
  return visits;
}

const JOBS = [
  {
    page: 'inlarge',
    path: '/site/',
    async enlarge(page, picture) {
      await taken(page, () => document.querySelector('inlarge-app')?.renderRoot?.querySelector('input[type=file]'));
      await page.getByLabel('Choose images').setInputFiles(picture);
      return page.evaluate(useOurPage, PATIENCE);
    },
    /** The service worker keeps the page for the next visit once it has fetched everything. */
    async settle(page) {
      await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    },
  },
  {
    page: 'ort',
    path: '/ort-page/',
    async enlarge(page, picture) {
      await taken(page, () => document.querySelector('input[type=file]'));
      await page.getByLabel('Picture').setInputFiles(picture);
      return page.evaluate(useOrtPage, PATIENCE);
    },
    async settle() {},
  },
];

/** Waits until the page takes pictures, looking at every frame: a locator that finds nothing looks again half a second later. */
async function taken(page, find) {
  await page.waitForFunction(find, undefined, { polling: 'raf', timeout: PATIENCE });
}

/** Runs in the page, so that no round trip of the driver is measured: chooses, starts, and waits for the result to save. */
async function useOurPage(patience) {
  const app = document.querySelector('inlarge-app').renderRoot;
  const found = async (find) => {
    for (;;) {
      const element = find();
      if (element) return element;
      if (performance.now() > patience || app.textContent.includes('could not be enlarged')) throw new Error(`Our page: ${app.textContent}`);
      await new Promise(requestAnimationFrame);
    }
  };
  const choose = async (find, value) => {
    const offers = (select) => [...(select?.options ?? [])].some((option) => option.value === value);
    const select = await found(() => (offers(find()) ? find() : undefined));
    select.value = value;
    select.dispatchEvent(new Event('change'));
  };
  const labelled = (words) => [...app.querySelectorAll('label')].find((label) => label.textContent.trim().startsWith(words))?.querySelector('select');
  const button = (words) => [...app.querySelectorAll('button:enabled')].find((one) => one.textContent.trim() === words);
  await choose(() => app.querySelector('select[aria-label="Engine"]'), 'simd');
  await choose(() => labelled('Scale'), '2');
  await choose(() => labelled('Model'), 'photo-fast');
  (await found(() => button('Upscale'))).click();
  await found(() => button('Save'));
  return performance.now();
}

/** As `useOurPage`; that page starts by itself. */
async function useOrtPage(patience) {
  const status = document.querySelector('output');
  while (!status.textContent.startsWith('Done')) {
    if (performance.now() > patience || status.textContent.startsWith('Failed')) throw new Error(`The page on ORT: ${status.textContent}`);
    await new Promise(requestAnimationFrame);
  }
  return performance.now();
}

/** A visit with empty caches and one with what it left behind. */
async function visit(browser, server, job, picture) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE);
    const results = [];
    for (const cache of ['cold', 'warm']) {
      const before = server.sent.length;
      if (cache === 'cold') await page.goto(`${server.origin}${job.path}`, { waitUntil: 'commit' });
      else await page.reload({ waitUntil: 'commit' });
      const ms = await job.enlarge(page, picture);
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
  return { name: 'scene.png', mimeType: 'image/png', buffer: Buffer.from(address.slice(address.indexOf(',') + 1), 'base64') };
}
