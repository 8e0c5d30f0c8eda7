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
 * Starts one of our workers. A browser refuses to construct a worker from another origin, so from there a
 * small worker of this page's own origin imports the real one; the page's CSP then needs `worker-src blob:`
 * and the asset origin in script-src and connect-src.
 */
export function startWorker(assetBase: URL, name: 'coordinator' | 'compute'): { worker: Worker; address: string } {
  const address = new URL(`worker/${name}.js`, assetBase);
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
