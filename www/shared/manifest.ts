import type { Entry, Manifest as Generated } from './generated.js';

export type { Kind } from './generated.js';

/** A model that can be chosen: one file of those that ship, or a network of the user's own, which has no more than these. */
export type ModelEntry = Pick<Entry, 'id' | 'name' | 'scale' | 'variant' | 'file' | 'bytes' | 'sha256' | 'licence'> & Partial<Entry>;

/** `models/manifest.json`. */
export type Manifest = Generated;

/** Whether `value`, parsed from JSON, is a list of models at all; the coordinator reads it closely. */
export function isManifest(value: unknown): value is Manifest {
  return typeof value === 'object' && value !== null && Array.isArray((value as { models?: unknown }).models);
}
