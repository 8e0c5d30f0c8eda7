/** The page of the measurements: engines in workers, a case at a time, round by round. */
import { largestDifference, tile } from './compare.mjs';
import { Group } from './group.mjs';

/** Warm-up runs of an engine; one is enough where it takes longer than `SLOW` milliseconds. */
const WARM_UPS = 2;
const SLOW = 10_000;
/** All others are compared with this one's results. */
const REFERENCE = 'ort-wasm';

const ENGINES = {
  'inlarge-gpu': { script: 'worker-inlarge.mjs', wasm: 'app', backend: 'gpu' },
  'inlarge-simd': { script: 'worker-inlarge.mjs', wasm: 'app', backend: 'simd' },
  'inlarge-simd-relaxed': { script: 'worker-inlarge.mjs', wasm: 'app-relaxed', backend: 'simd' },
  'inlarge-tract': { script: 'worker-inlarge.mjs', wasm: 'tract', backend: 'tract' },
  'ort-wasm': { script: 'worker-ort.mjs', provider: 'wasm' },
  'ort-webgpu': { script: 'worker-ort.mjs', provider: 'webgpu' },
  'tfjs-wasm': { script: 'worker-tfjs.mjs', backend: 'wasm' },
  'tfjs-webgpu': { script: 'worker-tfjs.mjs', backend: 'webgpu' },
};

const modules = new Map();
const groups = new Map();

/** Compiled once and handed to every worker, as the product does. */
function compiled(name) {
  let module = modules.get(name);
  if (!module) {
    module = WebAssembly.compileStreaming(fetch(`/wasm/${name}/inlarge_bg.wasm`));
    modules.set(name, module);
  }
  return module;
}

/** An engine's workers, started at first use. Ours are an instance a thread; the others have threads inside. */
async function group(engine, threads) {
  const key = `${engine} ${threads}`;
  let found = groups.get(key);
  if (found) return found;
  const { script, wasm, ...settings } = ENGINES[engine];
  found = new Group(script, wasm ? threads : 1);
  groups.set(key, found);
  const module = wasm ? { glue: `/wasm/${wasm}/inlarge.js`, module: await compiled(wasm) } : {};
  await found.all('open', { ...settings, ...module, threads });
  return found;
}

function abandon(engine, threads) {
  const key = `${engine} ${threads}`;
  groups.get(key)?.close();
  groups.delete(key);
}

/** Milliseconds for each of `tiles` tiles, from the call to the last answer. */
async function time(workers, tiles) {
  const share = tiles / workers.callers.length;
  const started = performance.now();
  await workers.all('run', share);
  return (performance.now() - started) / tiles;
}

async function warmUp(workers, tiles) {
  for (let n = 0; n < WARM_UPS; n += 1) if ((await time(workers, tiles)) * tiles > SLOW) return;
}

/**
 * Measures one network at one tile size and number of threads on every engine of `contenders`, a list of
 * `{engine, rounds, tiles}`. Gives samples in milliseconds a tile with the largest difference from the reference, and why
 * engines dropped out.
 */
async function run({ net, side, threads, contenders }, report) {
  const results = new Map();
  const failures = [];
  const attempt = async ({ engine }, work) => {
    if (failures.some((failure) => failure.engine === engine)) return;
    try {
      await work();
    } catch (error) {
      failures.push({ engine, net: net.name, tile: side, threads, message: error.message });
      abandon(engine, threads);
    }
  };
  const judge = contenders.find(({ engine }) => engine === REFERENCE) ?? { engine: REFERENCE, rounds: 0, tiles: 1 };
  const all = contenders.includes(judge) ? contenders : [...contenders, judge];
  for (const contender of all) {
    await attempt(contender, async () => {
      const workers = await group(contender.engine, threads);
      await workers.all('prepare', net, side);
      await workers.all('load', tile(net.channels, side, 0));
      if (contender.rounds > 0) await warmUp(workers, contender.tiles);
      results.set(contender.engine, { engine: contender.engine, ms: [], tiles: contender.tiles, maxError: 0 });
    });
  }
  const rounds = Math.max(...contenders.map((contender) => contender.rounds));
  for (let round = 0; round < rounds; round += 1) {
    const input = tile(net.channels, side, round + 1);
    const outputs = new Map();
    // Another engine is first every round.
    const order = all.map((_, index) => all[(index + round) % all.length]);
    for (const contender of order.filter((one) => one === judge || round < one.rounds)) {
      await attempt(contender, async () => {
        const workers = await group(contender.engine, threads);
        await workers.all('load', input);
        const ms = await time(workers, Math.max(contender.tiles, workers.callers.length));
        if (round < contender.rounds) results.get(contender.engine).ms.push(ms);
        outputs.set(contender.engine, await workers.all('output'));
        await report(`${contender.engine} ${net.name} ${side} x${threads}: ${ms.toFixed(1)} ms`);
      });
    }
    const truth = outputs.get(REFERENCE)?.[0];
    if (!truth) break;
    for (const [engine, found] of outputs) {
      const result = results.get(engine);
      result.maxError = Math.max(result.maxError, ...found.map((output) => largestDifference(output, truth)));
    }
  }
  const measured = [...results.values()].filter(({ engine, ms }) => ms.length > 0 && !failures.some((failure) => failure.engine === engine));
  return { results: measured, failures };
}

/** What WebGPU says of its adapter; undefined where there is none. */
async function adapter() {
  const found = await navigator.gpu?.requestAdapter();
  if (!found) return undefined;
  const { vendor, architecture, device, description } = found.info;
  const name = [...new Set([vendor, architecture, device, description].filter(Boolean))].join(' ') || 'unnamed';
  return { name, software: found.info.isFallbackAdapter === true || /swiftshader|llvmpipe/i.test(name) };
}

globalThis.bench = { run, adapter, isolated: () => crossOriginIsolated };
