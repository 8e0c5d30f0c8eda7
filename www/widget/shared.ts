import type { Upscaler } from '../lib/types.js';
import { createUpscaler } from '../lib/upscaler.js';

interface Shared {
  readonly upscaler: Promise<Upscaler>;
  readonly life: AbortController;
  users: number;
}

const shared = new Map<string, Shared>();

/** A hold on an upscaler. */
export interface SharedUpscaler {
  readonly upscaler: Promise<Upscaler>;
  release(): void;
}

/** The upscaler for an asset base; several elements of a page share it. It ends with its last user. */
export function shareUpscaler(assetBase: string): SharedUpscaler {
  let entry = shared.get(assetBase);
  if (!entry) {
    const life = new AbortController();
    // The engine is chosen per picture, so that elements with different ones can share the workers.
    const upscaler = createUpscaler({ signal: life.signal, ...(assetBase ? { assetBase } : {}) });
    const made: Shared = { upscaler, life, users: 0 };
    // A failed start is not kept: the next attempt begins anew.
    upscaler.catch(() => {
      if (shared.get(assetBase) === made) shared.delete(assetBase);
    });
    shared.set(assetBase, made);
    entry = made;
  }
  const held = entry;
  held.users += 1;
  let released = false;
  return {
    upscaler: held.upscaler,
    release() {
      if (released) return;
      released = true;
      held.users -= 1;
      if (held.users > 0) return;
      if (shared.get(assetBase) === held) shared.delete(assetBase);
      held.life.abort();
    },
  };
}
