type WorkerName = 'coordinator' | 'compute';

interface Started {
  readonly worker: Worker;
  readonly address: string;
}

/** How long a worker that was started ahead waits for someone who needs it, in milliseconds. */
const PATIENCE_MS = 20_000;

/** Workers that were started ahead, by their address. */
const waiting = new Map<string, Started[]>();
const shims = new Map<string, string>();

/**
 * A worker that imports another. It imports dynamically, which the page's script-src allows or forbids; a static import in
 * a worker falls under worker-src. What arrives before the import is done is kept and delivered afterwards.
 */
function shimFor(address: string): string {
  return `const early = [];
const keep = (event) => early.push(event.data);
addEventListener('message', keep);
import(${JSON.stringify(address)}).then(() => {
  removeEventListener('message', keep);
  for (const data of early) dispatchEvent(new MessageEvent('message', { data }));
}, (error) => setTimeout(() => { throw error; }));`;
}

/**
 * Starts a worker that will be needed soon: its thread and its scripts take their time while the page goes on. One that fails is
 * forgotten: who needs it starts another and learns why that one fails.
 */
export function startAhead(assetBase: URL, name: WorkerName): void {
  let started: Started;
  try {
    started = create(assetBase, name);
  } catch {
    return;
  }
  const { worker, address } = started;
  const line = waiting.get(address) ?? [];
  waiting.set(address, line);
  line.push(started);
  const forget = (): void => {
    const place = line.indexOf(started);
    if (place < 0) return;
    line.splice(place, 1);
    worker.terminate();
  };
  worker.onerror = (event) => {
    event.preventDefault();
    forget();
  };
  setTimeout(forget, PATIENCE_MS);
}

/** Gives a worker that was started ahead, or starts one. The caller sees to its errors. */
export function startWorker(assetBase: URL, name: WorkerName): Started {
  const started = waiting.get(addressOf(assetBase, name))?.shift() ?? create(assetBase, name);
  started.worker.onerror = null;
  return started;
}

/** Whether a worker waits that was started ahead. */
export function isWaiting(assetBase: URL, name: WorkerName): boolean {
  return (waiting.get(addressOf(assetBase, name))?.length ?? 0) > 0;
}

function addressOf(assetBase: URL, name: WorkerName): string {
  return new URL(`worker/${name}.js`, assetBase).href;
}

/**
 * Starts one of our workers. A browser refuses to construct a worker from another origin, so from there a
 * small worker of this page's own origin imports the real one; the page's CSP then needs `worker-src blob:`
 * and the asset origin in script-src and connect-src.
 */
function create(assetBase: URL, name: WorkerName): Started {
  const address = new URL(addressOf(assetBase, name));
  const options: WorkerOptions = { type: 'module', name: `inlarge-${name}` };
  if (address.origin === location.origin) return { worker: new Worker(address, options), address: address.href };
  let shim = shims.get(address.href);
  if (shim === undefined) {
    shim = URL.createObjectURL(new Blob([shimFor(address.href)], { type: 'text/javascript' }));
    shims.set(address.href, shim);
  }
  return { worker: new Worker(shim, options), address: address.href };
}

/** Compute workers that this processor and memory can bear: an instance of the largest engine takes some 200 MB. */
export function defaultWorkers(): number {
  const cores = navigator.hardwareConcurrency || 2;
  const memory = (navigator as { deviceMemory?: number }).deviceMemory ?? 8;
  return Math.max(1, Math.min(8, cores > 4 ? cores - 1 : cores, Math.floor(memory)));
}
