/** One network of `models/manifest.json`, as far as the browser needs it. */
export interface ModelEntry {
  readonly id: string;
  /** The name people choose by; several entries (scales, variants) share it. */
  readonly name: string;
  /** Result pixels per source pixel; 0 where a user's file does not tell. */
  readonly scale: number;
  readonly variant: string;
  /** File name beside the manifest. */
  readonly file: string;
  readonly bytes: number;
  /** Lower-case hex digest of the file; empty for a user's file. */
  readonly sha256: string;
  readonly licence: string;
  readonly [more: string]: unknown;
}

/** What a picture shows, as far as can be guessed. */
export type Kind = 'photo' | 'art' | 'text';

const KINDS: readonly Kind[] = ['photo', 'art', 'text'];

/** `models/manifest.json`. */
export interface Manifest {
  readonly version: 1;
  /** The name of the model that `auto` takes, by what a picture shows. */
  readonly auto: Readonly<Record<Kind, string>>;
  readonly models: readonly ModelEntry[];
}

/** What `make` makes of each kind. */
export function forKinds<T>(make: (kind: Kind) => T): Record<Kind, T> {
  return Object.fromEntries(KINDS.map((kind) => [kind, make(kind)])) as Record<Kind, T>;
}

/** Whether `value`, parsed from JSON, is a manifest that this code can read. */
export function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false;
  const { version, auto, models } = value as { version?: unknown; auto?: Record<string, unknown> | null; models?: unknown };
  return version === 1 && Array.isArray(models) && models.every(isEntry) && KINDS.every((kind) => typeof auto?.[kind] === 'string');
}

function isEntry(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const entry = value as Record<string, unknown>;
  return (
    ['id', 'name', 'variant', 'file', 'sha256'].every((key) => typeof entry[key] === 'string') &&
    typeof entry['scale'] === 'number'
  );
}
