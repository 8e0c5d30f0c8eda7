import { ModelError } from '../shared/errors.js';
import { Damaged, intact } from '../shared/intact.js';
import { isManifest, type Manifest, type ModelEntry } from '../shared/manifest.js';

/** Fetches `models/manifest.json`. */
export function fetchManifest(assetBase: URL): Promise<Manifest> {
  const address = new URL('models/manifest.json', assetBase).href;
  return intact(address, (cache) => attempt(address, cache));
}

async function attempt(address: string, cache: RequestCache): Promise<Manifest> {
  let text: string;
  try {
    const response = await fetch(address, { cache });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    text = await response.text();
  } catch (cause) {
    throw unreadable(address, cause);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new Damaged(unreadable(address, cause));
  }
  if (!isManifest(parsed)) {
    throw new Damaged(new ModelError(
      `The list of models at ${address} is not one that this version reads.`,
      'Put the files of one release together.',
    ));
  }
  return parsed;
}

function unreadable(address: string, cause: unknown): ModelError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ModelError(
    `The list of models at ${address} could not be read: ${why}.`,
    'Check the connection, and that the folder named as asset base holds worker/, wasm/ and models/.',
    cause,
  );
}

/** The names to choose a model by, in the manifest's order. */
export function namesOf(models: readonly ModelEntry[]): string[] {
  return [...new Set(models.map((model) => model.name))];
}
