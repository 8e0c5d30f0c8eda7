import { hex, sha256 } from '../shared/digest.js';
import { ModelError } from '../shared/errors.js';
import type { ModelFile } from '../shared/generated.js';
import { Damaged, intact } from '../shared/intact.js';
import type { Machine, Order, OwnModel, Plan, Subject } from '../shared/protocol.js';
import type { AppGlue, Catalogue, Model } from './wasm.js';

/** A model's bytes and what the app module made of them. */
export interface LoadedModel {
  /** Unique among networks and their settings. */
  readonly key: string;
  readonly onnx: Uint8Array;
  readonly parsed: Model;
}

/** Side of the picture that is thought of before there is one. */
const USUAL_SIDE = 1000;

/** The catalogue, and the models that were fetched, checked and parsed, each once. */
export class Models {
  private readonly loaded = new Map<string, Promise<LoadedModel>>();
  private readonly app: AppGlue;
  private readonly assetBase: string;
  private readonly catalogue: Catalogue;
  /** The user's own, by name. */
  private readonly own = new Map<string, Blob>();

  constructor(app: AppGlue, assetBase: string, manifest: string) {
    this.app = app;
    this.assetBase = assetBase;
    this.catalogue = app.Catalogue.parse(manifest);
  }

  /** Reads a network of the user's own to see whether it can be used at all, and adds it. Gives its factor, 0 where only running it tells. */
  async add(name: string, file: Blob): Promise<number> {
    const parsed = this.app.Model.load(await bytesOf(file));
    const { scale } = parsed;
    parsed.free();
    this.know({ name, file, scale });
    return scale;
  }

  /** Adds a network that was read before. */
  know({ name, file, scale }: OwnModel): void {
    this.catalogue.add(name, scale);
    this.own.set(name, file);
  }

  /** Says what factor a network of the user's own turned out to have. */
  learn(name: string, scale: number): void {
    this.catalogue.learn(name, scale);
  }

  /** The user's own network that an order names, if it does. */
  ownOf(order: Order): string | undefined {
    return this.own.has(order.model ?? '') ? order.model : undefined;
  }

  /** What an order makes of a picture; undefined where only running the network tells. */
  plan(order: Order, subject: Subject, machine: Partial<Machine> = {}): Plan | undefined {
    const planned = this.catalogue.plan(JSON.stringify(order), JSON.stringify(subject), JSON.stringify(machine));
    return planned === undefined ? undefined : (JSON.parse(planned) as Plan);
  }

  /** Rejects an order that is wrong for every picture. */
  check(order: Order): void {
    this.catalogue.check(JSON.stringify(order));
  }

  /**
   * Loads the networks of a plan, in their order, or gives the loaded ones. A failure is not remembered: the next call tries again.
   */
  chain(ids: readonly string[], order: Order): Promise<readonly LoadedModel[]> {
    return Promise.all(ids.map((id) => this.load(id, order)));
  }

  /** The networks that a picture of usual size will probably need; a size in pixels says nothing before the picture is there. */
  async expect(order: Order): Promise<readonly LoadedModel[]> {
    const own = this.ownOf(order);
    if (own !== undefined) return this.chain([own], order);
    if (order.size) return [];
    const plan = this.plan(order, { width: USUAL_SIDE, height: USUAL_SIDE });
    return this.chain(plan?.passes ?? [], order);
  }

  private load(id: string, order: Order): Promise<LoadedModel> {
    const file = JSON.parse(this.catalogue.file(id, JSON.stringify(order))) as ModelFile;
    let found = this.loaded.get(file.key);
    if (!found) {
      found = this.read(id, file);
      found.catch(() => this.loaded.delete(file.key));
      this.loaded.set(file.key, found);
    }
    return found;
  }

  private async read(id: string, { key, file, sha256: expected, denoise }: ModelFile): Promise<LoadedModel> {
    const own = this.own.get(id);
    const address = new URL(`models/${file}`, this.assetBase).href;
    const onnx = own ? await bytesOf(own) : await intact(address, (cache) => fetchModel(address, id, expected, cache));
    const parsed = this.app.Model.load(onnx, denoise ?? undefined);
    return { key, onnx: parsed.onnx(), parsed };
  }
}

async function bytesOf(file: Blob): Promise<Uint8Array> {
  return new Uint8Array(await file.arrayBuffer());
}

async function fetchModel(address: string, name: string, expected: string, cache: RequestCache): Promise<Uint8Array> {
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
