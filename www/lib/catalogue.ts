import { ModelError, ParameterError } from '../shared/errors.js';
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

/** The networks for a choice of the user: the model at each of its scales, for passes to be made of. */
export function choose(models: readonly ModelEntry[], name: string, variant: string | undefined): ModelEntry[] {
  const named = models.filter((model) => model.name === name || model.id === name);
  const [first] = named;
  if (!first) {
    throw new ParameterError(`There is no model "${name}".`, `Choose one of: auto, ${namesOf(models).join(', ')}.`);
  }
  const family = named.filter((model) => model.name === first.name);
  const variants = [...new Set(family.map((model) => model.variant))];
  if (variant !== undefined && !variants.includes(variant)) {
    throw new ParameterError(`The model "${name}" has no variant "${variant}".`, `Choose one of: ${variants.join(', ')}.`);
  }
  return [...new Set(family.map((model) => model.scale))].flatMap((scale) => {
    const sized = family.filter((model) => model.scale === scale);
    return sized.find((model) => model.variant === (variant ?? DEFAULT_VARIANT)) ?? sized[0] ?? [];
  });
}

/** The training that pictures from the web need; a model that lacks it is used as it is. */
const DEFAULT_VARIANT = 'web';

/** Whether a model has such a variant. */
export function hasVariant(models: readonly ModelEntry[], name: string, variant: string): boolean {
  return models.some((model) => model.name === name && model.variant === variant);
}

/** Start of the ids of models that the user added. */
export const USER_PREFIX = 'user-';
