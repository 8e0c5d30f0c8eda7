import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ManifestTransform } from 'workbox-build';

/** Puts the digest of every file below `out` into the service worker's list, as Subresource Integrity writes it. */
export function withIntegrity(out: string): ManifestTransform {
  return (entries) => ({
    manifest: entries.map((entry) => ({ ...entry, integrity: `sha256-${createHash('sha256').update(readFileSync(join(out, entry.url))).digest('base64')}` })),
    warnings: [],
  });
}
