/**
 * Tells when a worker is gone. A worker that runs out of memory or closes itself sends no event, so it
 * holds a Web Lock for as long as it lives; the browser releases the lock however the worker ends, and
 * whoever waits for it learns so. Without Web Locks (an opaque origin) only `error` events remain.
 */

/** Takes the lock `name` and keeps it until this worker ends. Resolves once it is held, or at once to false. */
export async function holdLifeline(name: string): Promise<boolean> {
  if (!('locks' in navigator)) return false;
  return new Promise<boolean>((resolve) => {
    const forever = () => {
      resolve(true);
      return new Promise<never>(() => {});
    };
    navigator.locks.request(name, forever).catch(() => resolve(false));
  });
}

/** Resolves when the holder of `name` has ended. Ask only after `holdLifeline` resolved to true there. */
export async function watchLifeline(name: string, signal: AbortSignal): Promise<void> {
  await navigator.locks.request(name, { signal }, () => {});
}
