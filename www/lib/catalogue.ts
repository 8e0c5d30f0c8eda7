import { ModelError, ParameterError } from '../shared/errors.js';
import { isManifest, type ModelEntry } from '../shared/manifest.js';

/** Fetches `models/manifest.json`. */
export async function fetchManifest(assetBase: URL, signal?: AbortSignal): Promise<readonly ModelEntry[]> {
  const address = new URL('models/manifest.json', assetBase).href;
  let parsed: unknown;
  try {
    const response = await fetch(address, signal ? { signal } : {});
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    parsed = await response.json();
  } catch (cause) {
    if (signal?.aborted) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ModelError(
      `The list of models at ${address} could not be read: ${why}.`,
      'Check the connection, and that the folder named as asset base holds worker/, wasm/ and models/.',
      cause,
    );
  }
  if (!isManifest(parsed)) {
    throw new ModelError(
      `The list of models at ${address} is not one that this version reads.`,
      'Put the files of one release together.',
    );
  }
  return parsed.models;
}

/** The names to choose a model by, in the manifest's order. */
export function namesOf(models: readonly ModelEntry[]): string[] {
  return [...new Set(models.map((model) => model.name))];
}

/** The scales that `name` offers (or any model, for `auto`), in rising order. */
export function scalesOf(models: readonly ModelEntry[], name: string): number[] {
  const scales = models.filter((model) => matches(model, name) && model.scale > 0).map((model) => model.scale);
  return [...new Set(scales)].sort((a, b) => a - b);
}

/** The network for a choice of the user. */
export function choose(models: readonly ModelEntry[], name: string, scale: number | undefined, variant: string | undefined): ModelEntry {
  const named = models.filter((model) => matches(model, name));
  if (named.length === 0) {
    throw new ParameterError(`There is no model "${name}".`, `Choose one of: auto, ${namesOf(models).join(', ')}.`);
  }
  // A network of unknown scale can only be asked for by its own id, and takes whatever scale it has.
  const whole = named.find((model) => model.scale === 0);
  if (whole && name !== 'auto') return whole;
  const scales = scalesOf(models, name);
  const wanted = scale ?? (scales.includes(4) ? 4 : scales.at(-1));
  const sized = named.filter((model) => model.scale === wanted);
  if (sized.length === 0) {
    const who = name === 'auto' ? 'No model enlarges' : `The model "${name}" does not enlarge`;
    throw new ParameterError(`${who} ${wanted} times.`, `Choose a scale of ${scales.join(' or ')}.`);
  }
  const found = variant === undefined ? sized[0] : sized.find((model) => model.variant === variant);
  if (!found) {
    const variants = [...new Set(sized.map((model) => model.variant))].join(', ');
    throw new ParameterError(`The model "${name}" has no variant "${variant}".`, `Choose one of: ${variants}.`);
  }
  return found;
}

function matches(model: ModelEntry, name: string): boolean {
  if (name === 'auto') return !model.id.startsWith(USER_PREFIX);
  return model.name === name || model.id === name;
}

/** Start of the ids of models that the user added; `auto` never takes those. */
export const USER_PREFIX = 'user-';
