import type { InlargeError } from './errors.js';

/** A file came whole over the network and is not what it should be. */
export class Damaged extends Error {
  readonly fault: InlargeError;

  constructor(fault: InlargeError) {
    super(fault.message, { cause: fault });
    this.fault = fault;
  }
}

/**
 * Fetches a file with `attempt`, and once more past all caches where that throws `Damaged`: a cache would give the same bytes at every
 * visit. Rejects with the fault where the server's own answer is no better.
 */
export async function intact<T>(address: string, attempt: (cache: RequestCache) => Promise<T>): Promise<T> {
  try {
    return await attempt('default');
  } catch (failure) {
    if (!(failure instanceof Damaged)) throw failure;
  }
  await forget(address);
  try {
    return await attempt('reload');
  } catch (failure) {
    throw failure instanceof Damaged ? failure.fault : failure;
  }
}

/** Drops a file from the caches that scripts and service workers of this origin keep. */
async function forget(address: string): Promise<void> {
  if (!('caches' in globalThis)) return;
  try {
    for (const name of await caches.keys()) await (await caches.open(name)).delete(address, { ignoreSearch: true });
  } catch {
    // A browser that lets nothing be kept has nothing to drop.
  }
}
