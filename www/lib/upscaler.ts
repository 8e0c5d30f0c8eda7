import { proxy } from 'comlink';
import { abortError, ModelError, ParameterError } from '../shared/errors.js';
import { carryFaults } from '../shared/faults.js';
import { forKinds, type Kind, type Manifest, type ModelEntry } from '../shared/manifest.js';
import type {
  BackendChoice, EngineReport, FinishRequest, JobRequest, JobResult, ModelSource, OutputType, PlannedSize, PreviewResult, Progress, Pyramid, SizeRequest,
} from '../shared/protocol.js';
import { manifestOf } from './ahead.js';
import { choose, hasVariant, USER_PREFIX } from './catalogue.js';
import { Crew, type Coordinator } from './crew.js';
import { decodeInBrowser, toFile } from './input.js';
import { resultName } from './names.js';
import { discard, removeEmpty, retire, shelf } from './shelf.js';
import { defaultWorkers } from './spawn.js';
import type { UpscaleInput, UpscaleOptions, Upscaler, UpscaleResult, UpscalerOptions } from './types.js';

/** Quality of a JPEG where none is asked for. */
const USUAL_QUALITY = 90;
/** In a variable of its own: a bundler takes `new URL(x, import.meta.url)` for a file to copy. */
const HERE = import.meta.url;
const CHOICES: readonly string[] = ['auto', 'gpu', 'simd', 'tract', 'reference'];
const METADATA: readonly string[] = ['keep', 'no-location', 'none'];
const SINKS: readonly string[] = ['auto', 'memory', 'storage'];
const TYPES: readonly string[] = ['image/png', 'image/jpeg', 'image/webp', 'image/tiff'];

/**
 * Loads the engine and starts the best backend that can be trusted on this device.
 *
 * Rejects with a `ModelError` or `DeviceError` when files are missing or nothing can run the networks.
 */
export async function createUpscaler(options: UpscalerOptions = {}): Promise<Upscaler> {
  const { backend = 'auto', signal } = options;
  checkBackend(backend);
  signal?.throwIfAborted();
  carryFaultsOnce();
  const assetBase = folderOf(options.assetBase);
  // What pages that ended have left is removed now.
  void shelf();
  const workers = Math.max(1, Math.floor(options.workers ?? defaultWorkers()));
  const crew = new Crew(assetBase, workers, backend);
  const began = performance.now();
  const progress = (done: number) => options.onProgress?.({ phase: 'load', done, total: 2, seconds: (performance.now() - began) / 1000 });
  signal?.addEventListener('abort', () => crew.endAll(), { once: true });
  try {
    progress(0);
    const [manifest, coordinator] = await Promise.all([manifestOf(assetBase), crew.coordinator()]);
    progress(1);
    const engine = await coordinator.guarded(coordinator.api.engine(backend));
    progress(2);
    return new Running(crew, assetBase, manifest, backend, engine, options);
  } catch (error) {
    crew.endAll();
    signal?.throwIfAborted();
    throw error;
  }
}

class Running implements Upscaler {
  engine: EngineReport;
  private readonly crew: Crew;
  private readonly assetBase: URL;
  private readonly onProgress: ((progress: Progress) => void) | undefined;
  private readonly shipped: Manifest;
  private readonly added = new Map<string, { entry: ModelEntry; file: Blob }>();
  private readonly life = new AbortController();
  private backend: BackendChoice;
  /** Settles when the work before is over and cleaned up; never rejects. */
  private queue: Promise<void> = Promise.resolve();
  private jobs = 0;

  constructor(
    crew: Crew,
    assetBase: URL,
    manifest: Manifest,
    backend: BackendChoice,
    engine: EngineReport,
    options: UpscalerOptions,
  ) {
    this.crew = crew;
    this.assetBase = assetBase;
    this.shipped = manifest;
    this.backend = backend;
    this.engine = engine;
    this.onProgress = options.onProgress;
    options.signal?.addEventListener('abort', () => this.dispose(), { once: true });
  }

  models(): readonly ModelEntry[] {
    return [...this.shipped.models, ...[...this.added.values()].map(({ entry }) => entry)];
  }

  async addModel(file: Blob): Promise<ModelEntry> {
    const facts = await this.direct((coordinator) => coordinator.api.inspect(file));
    const name = 'name' in file && typeof file.name === 'string' ? file.name.replace(/\.onnx$/i, '') : 'model';
    const id = `${USER_PREFIX}${this.added.size + 1}`;
    const entry: ModelEntry = {
      id, name, scale: facts.scale, variant: '', file: '', bytes: file.size, sha256: '', licence: '',
    };
    if (this.models().some((model) => model.name === name)) {
      throw new ModelError(`There is a model "${name}" already.`, 'Give the file another name.');
    }
    this.added.set(id, { entry, file });
    return entry;
  }

  useEngine(backend: BackendChoice): Promise<EngineReport> {
    checkBackend(backend);
    return this.enqueue(undefined, async (coordinator) => {
      this.engine = await coordinator.guarded(coordinator.api.engine(backend));
      this.backend = backend;
      this.crew.backend = backend;
      return this.engine;
    });
  }

  async preview(input: UpscaleInput, maxSide: number): Promise<PreviewResult> {
    const { file } = await toFile(input, undefined, this.life.signal);
    return this.direct((coordinator) => coordinator.api.preview(file, maxSide));
  }

  async kind(input: UpscaleInput): Promise<Kind> {
    const { file } = await toFile(input, undefined, this.life.signal);
    return this.direct((coordinator) => coordinator.api.kind(file));
  }

  pyramid({ blob, width, height }: Pick<UpscaleResult, 'blob' | 'width' | 'height'>): Promise<Pyramid | undefined> {
    return this.direct((coordinator) => coordinator.api.pyramid(blob, width, height));
  }

  async ready(options: Pick<UpscaleOptions, 'model' | 'scale' | 'size' | 'variant'> = {}): Promise<void> {
    try {
      const entries = this.chosen(options, 'photo');
      const sources = entries.map((entry) => this.sourceOf(entry));
      await this.direct((coordinator) => coordinator.api.ready(this.backend, sources, sizeOf(options, entries)));
    } catch {
      // The picture's to say.
    }
  }

  async plan(
    { width, height, kind = 'photo' }: { readonly width: number; readonly height: number; readonly kind?: Kind | undefined },
    options: Pick<UpscaleOptions, 'model' | 'scale' | 'size' | 'variant' | 'output'> = {},
  ): Promise<PlannedSize | undefined> {
    const entries = this.chosen(options, kind);
    const sources = entries.map((entry) => this.sourceOf(entry));
    const { type = 'image/png', quality = USUAL_QUALITY } = options.output ?? {};
    return this.direct((coordinator) => coordinator.api.plan(sources, sizeOf(options, entries), width, height, { type, quality }));
  }

  async upscale(input: UpscaleInput, options: UpscaleOptions = {}): Promise<UpscaleResult> {
    const { signal } = options;
    const type: OutputType = options.output?.type ?? 'image/png';
    const quality = options.output?.quality ?? USUAL_QUALITY;
    const metadata = options.output?.metadata ?? 'keep';
    const backend = options.backend ?? this.backend;
    checkBackend(backend);
    const sink = options.sink ?? 'auto';
    if (typeof sink === 'string' && !SINKS.includes(sink)) throw new ParameterError(`There is no sink "${sink}".`, `Choose one of: ${SINKS.join(', ')}, or a file's handle.`);
    if (!METADATA.includes(metadata)) {
      throw new ParameterError(`There is no metadata choice "${metadata}".`, `Choose one of: ${METADATA.join(', ')}.`);
    }
    if (!TYPES.includes(type)) throw new ParameterError(`Files of type "${type}" are not written.`, `Choose one of: ${TYPES.join(', ')}.`);
    if (!(quality >= 1 && quality <= 100)) throw new ParameterError(`A quality of ${quality} is not offered.`, 'Choose 1 to 100.');
    const entries = this.chosen(options, 'photo');
    const size = sizeOf(options, entries);
    const { file, name } = await toFile(input, options.name, signal);
    const folder = await shelf();
    // The folder is that of all upscalers of the page.
    const place = folder === undefined ? null : { folder, file: `result-${crypto.randomUUID()}` };
    const request: JobRequest = {
      file, name, backend, sink, place,
      models: entries.map((entry) => this.sourceOf(entry)),
      kinds: isAuto(options) ? forKinds((kind) => this.chosen(options, kind).map((entry) => this.sourceOf(entry))) : null,
      size,
      finish: finishOf(options),
      tile: options.tile ?? null,
      output: { type, quality: Math.round(quality), metadata },
    };
    const began = performance.now();
    const emit = (progress: Progress): void => {
      if (signal?.aborted) return;
      const timed = { ...progress, seconds: (performance.now() - began) / 1000 };
      try {
        options.onProgress?.(timed);
        this.onProgress?.(timed);
      } catch (error) {
        // A mistake in the caller's callback is the page's to see, and no reason to lose the picture.
        reportError(error);
      }
    };
    return this.enqueue(signal, async (coordinator) => {
      const result = await this.cancellable(coordinator, request, emit, signal);
      // The engine may have failed on the way and another one taken over.
      if (backend === this.backend && result.report.backend !== this.engine.backend) {
        this.engine = await coordinator.guarded(coordinator.api.engine(backend));
        if (signal?.aborted && place) void discard(place.folder, place.file);
      }
      const { stored, ...made } = result;
      const remove = async (): Promise<void> => {
        if (place && stored !== undefined) await retire(place.folder, stored);
      };
      return { ...made, name: resultName(name, result, type), discard: remove };
    });
  }

  /** The networks for a choice; `kind` is what the picture shows, for `auto`. */
  private chosen(options: Pick<UpscaleOptions, 'model' | 'variant'>, kind: Kind): ModelEntry[] {
    const { model = AUTO, variant } = options;
    if (!isAuto(options)) return choose(this.models(), model, variant);
    const name = this.shipped.auto[kind];
    // Who asks for a variant of whatever suits the picture gets it where there is one.
    const has = variant === undefined || kind === 'photo' || hasVariant(this.shipped.models, name, variant);
    return choose(this.shipped.models, name, has ? variant : undefined);
  }

  private sourceOf(entry: ModelEntry): ModelSource {
    return { entry, from: this.added.get(entry.id)?.file ?? new URL(`models/${entry.file}`, this.assetBase).href };
  }

  dispose(): void {
    if (this.life.signal.aborted) return;
    this.life.abort(abortError());
    this.crew.endAll();
  }

  /** Runs a job in the coordinator; an abort rejects at once, and the queue waits for the cleaning up. */
  private cancellable(coordinator: Coordinator, request: JobRequest, emit: (progress: Progress) => void, signal: AbortSignal | undefined): Promise<JobResult> {
    let job = -1;
    const attempt = async (file: Blob): Promise<JobResult> => {
      signal?.throwIfAborted();
      job = this.jobs++;
      // Progress comes by another port than the outcome, and may be the later one.
      let over = false;
      const hear = (progress: Progress): void => {
        if (!over) emit(progress);
      };
      try {
        return await coordinator.guarded(coordinator.api.upscale(job, { ...request, file }, proxy(hear)));
      } finally {
        over = true;
      }
    };
    const call = this.withHelp(coordinator, request.file, attempt);
    // Whatever the last attempt has left: a coordinator that was ended cleans nothing up, and one that had just finished has no taker.
    const clear = (): void => {
      if (request.place) void discard(request.place.folder, request.place.file);
      if (typeof request.sink === 'object') void removeEmpty(request.sink);
    };
    call.then(() => signal?.aborted && clear(), clear);
    if (!signal) return call;
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        reject(reasonOf(signal));
        this.cleaning = this.crew.cancel(coordinator, job);
      };
      signal.addEventListener('abort', abort, { once: true });
      call.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
      if (signal.aborted) abort();
    });
  }

  /** Makes an attempt; a file that only the browser can decode is handed to another one as a PNG, which the report says. */
  private async withHelp(coordinator: Coordinator, given: Blob, attempt: (file: Blob) => Promise<JobResult>): Promise<JobResult> {
    try {
      return await attempt(given);
    } catch (error) {
      const file = isUnsupported(error) && (await this.refuses(coordinator, given)) ? await decodeInBrowser(given) : undefined;
      if (!file) throw error;
      const { report, ...result } = await attempt(file);
      const warning = 'The browser decoded this file, in 8 bits and sRGB; metadata that it had is not in the result.';
      return { ...result, report: { ...report, warnings: [warning, ...report.warnings] } };
    }
  }

  /** Whether it is the file, rather than a model, that is not supported. */
  private async refuses(coordinator: Coordinator, file: Blob): Promise<boolean> {
    return coordinator.guarded(coordinator.api.preview(file, 1)).then(() => false, isUnsupported);
  }

  private cleaning: Promise<void> = Promise.resolve();

  /**
   * Asks the coordinator for something that needs no engine and so need not wait in the queue. Where a picture that was cancelled has
   * ended the coordinator, the next one is asked.
   */
  private async direct<T>(ask: (coordinator: Coordinator) => Promise<T>): Promise<T> {
    for (;;) {
      this.life.signal.throwIfAborted();
      try {
        const coordinator = await this.crew.coordinator();
        return await coordinator.guarded(ask(coordinator));
      } catch (error) {
        if ((error as { name?: unknown }).name !== 'AbortError') throw error;
      }
    }
  }

  /** Puts work behind everything asked for before. Waiting work that is aborted rejects at once and is skipped. */
  private enqueue<T>(signal: AbortSignal | undefined, work: (coordinator: Coordinator) => Promise<T>): Promise<T> {
    const either = signal ? AbortSignal.any([signal, this.life.signal]) : this.life.signal;
    return new Promise<T>((resolve, reject) => {
      const skip = (): void => reject(reasonOf(either));
      if (either.aborted) return skip();
      either.addEventListener('abort', skip, { once: true });
      this.queue = this.queue.then(async () => {
        if (either.aborted) return;
        try {
          resolve(await work(await this.crew.coordinator()));
        } catch (error) {
          reject(error);
        } finally {
          either.removeEventListener('abort', skip);
          await this.cleaning;
        }
      });
    });
  }
}

/** The size that is asked for; a network of unknown scale makes what it makes, and other ones of the user's too unless told. */
function sizeOf({ scale, size }: UpscaleOptions, entries: readonly ModelEntry[]): SizeRequest | null {
  if (scale !== undefined && size !== undefined) throw new ParameterError('Both a scale and a size were asked for.', 'Give one of them.');
  const [first] = entries;
  if (!first?.scale) return null;
  if (size !== undefined) return size;
  if (scale !== undefined && !(scale > 0 && scale <= MAX_SCALE)) {
    throw new ParameterError(`A scale of ${scale} is not offered.`, `Choose a scale of up to ${MAX_SCALE}.`);
  }
  return { factor: scale ?? (first.id.startsWith(USER_PREFIX) ? first.scale : DEFAULT_SCALE) };
}

function finishOf({ fidelity, map, denoise, sharpen, grain, seed, wrap }: UpscaleOptions): FinishRequest {
  for (const [name, share] of Object.entries({ denoise, sharpen, grain })) {
    if (share !== undefined && !(share >= 0 && share <= 1)) throw new ParameterError(`A value of ${share} was asked for ${name}.`, 'Choose 0 to 1.');
  }
  const given = Object.entries({ fidelity, map, denoise, sharpen, grain, seed, wrap }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as FinishRequest;
}

const AUTO = 'auto';

function isAuto({ model = AUTO }: Pick<UpscaleOptions, 'model'>): boolean {
  return model === AUTO;
}

function isUnsupported(error: unknown): boolean {
  return (error as { kind?: unknown }).kind === 'unsupported';
}

const DEFAULT_SCALE = 4;
const MAX_SCALE = 16;

let carried = false;
function carryFaultsOnce(): void {
  if (!carried) carryFaults();
  carried = true;
}

function checkBackend(backend: string): void {
  if (!CHOICES.includes(backend)) throw new ParameterError(`There is no engine "${backend}".`, `Choose one of: ${CHOICES.join(', ')}.`);
}

/** The caller's own reason where it is an error, as fetch does it. */
function reasonOf(signal: AbortSignal): unknown {
  return signal.reason instanceof Error || signal.reason instanceof DOMException ? signal.reason : abortError();
}

/** The folder of the assets, with a slash at its end; by default that of this script. */
function folderOf(assetBase: string | URL | undefined): URL {
  if (assetBase === undefined) return new URL('./', HERE);
  const url = new URL(assetBase, document.baseURI);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}
