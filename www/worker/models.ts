import { hex, sha256 } from '../shared/digest.js';
import { ModelError } from '../shared/errors.js';
import { Damaged, intact } from '../shared/intact.js';
import type { ModelEntry } from '../shared/manifest.js';
import type { ModelFacts, ModelSource, SizeRequest } from '../shared/protocol.js';
import type { AppGlue, WasmModel } from './wasm.js';

/** A model's bytes and what the app module made of them. */
export interface LoadedModel {
  readonly id: string;
  readonly onnx: Uint8Array;
  readonly parsed: WasmModel;
}

/** How a picture gets to its size. */
export interface Plan {
  readonly passes: readonly ModelSource[];
  /** Width and height; undefined where only running the network tells. */
  readonly size: readonly [number, number] | undefined;
  /** Pixels an inch of a print. */
  readonly dpi?: number;
}

interface PlanJson {
  readonly width: number;
  readonly height: number;
  readonly passes: readonly number[];
  readonly dpi?: number | null;
}

const USUAL_SIDE = 1000;

/** Fetches, checks and parses models, each once. */
export class Models {
  private readonly loaded = new Map<string, Promise<LoadedModel>>();
  private readonly app: AppGlue;

  constructor(app: AppGlue) {
    this.app = app;
  }

  /**
   * Loads a model, or gives the loaded one; one that can denoises by `denoise` in 0..=1, else as its file says. A failure is not
   * remembered: the next call
   * tries again.
   */
  load(source: ModelSource, denoise?: number): Promise<LoadedModel> {
    const id = source.entry['denoise'] && denoise !== undefined ? `${source.entry.id} ${denoise}` : source.entry.id;
    let found = this.loaded.get(id);
    if (!found) {
      found = this.read(source, id, denoise);
      found.catch(() => this.loaded.delete(id));
      this.loaded.set(id, found);
    }
    return found;
  }

  /** The passes that a picture of usual size will probably need for `size`; a size in pixels says nothing before the picture is there. */
  async expect(sources: readonly ModelSource[], size: SizeRequest | null, denoise?: number): Promise<readonly LoadedModel[]> {
    if (size !== null && !('factor' in size)) return [];
    const { passes } = this.plan(sources, size, USUAL_SIDE, USUAL_SIDE);
    return Promise.all(passes.map((source) => this.load(source, denoise)));
  }

  /** The size of the result for a picture, and the models that lead there, in their order. */
  plan(sources: readonly ModelSource[], size: SizeRequest | null, width: number, height: number): Plan {
    const [first] = sources;
    // A network that does not tell its factor makes what it makes.
    if (size === null || (sources.length === 1 && !first?.entry.scale)) return { passes: sources.slice(0, 1), size: undefined };
    const steps = sources.map(({ entry }) => ({ scale: entry.scale, work: Number(entry['macs_per_output_pixel'] ?? 1) }));
    const plan = JSON.parse(this.app.planPasses(width, height, JSON.stringify(size), JSON.stringify(steps))) as PlanJson;
    const passes = plan.passes.flatMap((scale) => sources.find(({ entry }) => entry.scale === scale) ?? []);
    return { passes, size: [plan.width, plan.height], ...(typeof plan.dpi !== 'number' ? {} : { dpi: plan.dpi }) };
  }

  private async read({ entry, from }: ModelSource, id: string, denoise: number | undefined): Promise<LoadedModel> {
    const onnx = typeof from === 'string' ? await intact(from, (cache) => fetchModel(from, entry, cache)) : await bytesOf(from);
    const parsed = this.app.Model.load(onnx, typeof from === 'string' ? JSON.stringify(entry) : '{}', denoise);
    return { id, onnx: parsed.onnx(), parsed };
  }

  /** Parses a user's file to see whether it can be used at all. */
  async inspect(file: Blob): Promise<ModelFacts> {
    const parsed = this.app.Model.load(await bytesOf(file), '{}', undefined);
    const facts = { scale: parsed.scale, inputChannels: parsed.inputChannels, opaque: parsed.opaque };
    parsed.free();
    return facts;
  }
}

async function bytesOf(file: Blob): Promise<Uint8Array> {
  return new Uint8Array(await file.arrayBuffer());
}

async function fetchModel(address: string, { name, sha256: expected }: ModelEntry, cache: RequestCache): Promise<Uint8Array> {
  const remedy = 'Check the connection, then try again.';
  let response: Response;
  try {
    response = await fetch(address, { cache });
  } catch (cause) {
    throw new ModelError(`The model ${name} could not be fetched from ${address}.`, remedy, cause);
  }
  if (!response.ok) {
    throw new ModelError(`The model ${name} could not be fetched from ${address}: the server answered ${response.status}.`, remedy);
  }
  const onnx = new Uint8Array(await response.arrayBuffer());
  const digest = expected ? await sha256(onnx) : undefined;
  if (digest && hex(digest) !== expected) {
    throw new Damaged(new ModelError(
      `The file of model ${name} is not the one that the manifest names: SHA-256 ${hex(digest)}, expected ${expected}.`,
      'Reload the page; if that does not help, the files on the server come from different versions.',
    ));
  }
  return onnx;
}
