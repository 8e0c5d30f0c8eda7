import { proxy } from 'comlink';
import { abortError, ParameterError } from '../shared/errors.js';
import { carryFaults } from '../shared/faults.js';
import { type Kind, type Manifest, type ModelEntry } from '../shared/manifest.js';
import type {
  BackendChoice, EngineReport, JobRequest, JobResult, Machine, Order, Plan, PreviewResult, Progress, Pyramid,
} from '../shared/protocol.js';
import { manifestOf } from './ahead.js';
import { UpscalerWorkers, type Coordinator } from './workers.js';
import { decodeInBrowser, toFile } from './input.js';
import { discard, removeEmpty, retire, storageFolder } from './storage-folder.js';
import { defaultWorkers } from './spawn.js';
import type { PlannedPicture, UpscaleInput, UpscaleOptions, Upscaler, UpscaleResult, UpscalerOptions } from './types.js';

/** In a variable of its own: a bundler takes `new URL(x, import.meta.url)` for a file to copy. */
const HERE = import.meta.url;
const SINKS: readonly string[] = ['auto', 'memory', 'storage'];

/**
 * Loads the engine and starts the best backend that can be trusted on this device.
 *
 * Rejects with a `ModelError` or `DeviceError` when files are missing or nothing can run the networks.
 */
export async function createUpscaler(options: UpscalerOptions = {}): Promise<Upscaler> {
  const { backend = 'auto', signal } = options;
  signal?.throwIfAborted();
  carryFaultsOnce();
  const assetBase = folderOf(options.assetBase);
  // What pages that ended have left is removed now.
  void storageFolder();
  const count = Math.max(1, Math.floor(options.workers ?? defaultWorkers()));
  const workers = new UpscalerWorkers(assetBase, count, backend);
  const began = performance.now();
  const progress = (done: number) => options.onProgress?.({ phase: 'load', done, total: 2, seconds: (performance.now() - began) / 1000 });
  signal?.addEventListener('abort', () => workers.endAll(), { once: true });
  try {
    progress(0);
    const [manifest, coordinator] = await Promise.all([manifestOf(assetBase), workers.coordinator()]);
    progress(1);
    const engine = await coordinator.guarded(coordinator.api.engine(backend));
    progress(2);
    return new QueuedUpscaler(workers, manifest, backend, engine, options);
  } catch (error) {
    workers.endAll();
    signal?.throwIfAborted();
    throw error;
  }
}

class QueuedUpscaler implements Upscaler {
  engine: EngineReport;
  private readonly workers: UpscalerWorkers;
  private readonly onProgress: ((progress: Progress) => void) | undefined;
  private readonly shipped: Manifest;
  private readonly added: ModelEntry[] = [];
  private readonly life = new AbortController();
  private backend: BackendChoice;
  /** Settles when the work before is over and cleaned up; never rejects. */
  private queue: Promise<void> = Promise.resolve();
  private jobs = 0;

  constructor(
    workers: UpscalerWorkers,
    manifest: Manifest,
    backend: BackendChoice,
    engine: EngineReport,
    options: UpscalerOptions,
  ) {
    this.workers = workers;
    this.shipped = manifest;
    this.backend = backend;
    this.engine = engine;
    this.onProgress = options.onProgress;
    options.signal?.addEventListener('abort', () => this.dispose(), { once: true });
  }

  models(): readonly ModelEntry[] {
    return [...this.shipped.models, ...this.added];
  }

  async addModel(file: Blob): Promise<ModelEntry> {
    const name = 'name' in file && typeof file.name === 'string' ? file.name.replace(/\.onnx$/i, '') : 'model';
    const scale = await this.direct((coordinator) => coordinator.api.add(name, file));
    // A coordinator that takes this one's place has to know of it too.
    this.workers.own.push({ name, file, scale });
    const entry: ModelEntry = { id: name, name, scale, variant: '', file: '', bytes: file.size, sha256: '', licence: '' };
    this.added.push(entry);
    return entry;
  }

  useEngine(backend: BackendChoice): Promise<EngineReport> {
    return this.enqueue(undefined, async (coordinator) => {
      this.engine = await coordinator.guarded(coordinator.api.engine(backend));
      this.backend = backend;
      this.workers.backend = backend;
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

  async ready(options: UpscaleOptions = {}): Promise<void> {
    try {
      await this.direct((coordinator) => coordinator.api.ready(orderOf(options, this.backend)));
    } catch {
      // The picture's to say.
    }
  }

  async plan(picture: PlannedPicture, options: UpscaleOptions = {}, machine: Partial<Machine> = {}): Promise<Plan | undefined> {
    const { width, height, kind, name = '' } = picture;
    const subject = { width, height, name, ...(kind === undefined ? {} : { kind }) };
    return this.direct((coordinator) => coordinator.api.plan(orderOf(options, this.backend), subject, { host: 'browser', ...machine }));
  }

  async upscale(input: UpscaleInput, options: UpscaleOptions = {}): Promise<UpscaleResult> {
    const { signal, sink = 'auto' } = options;
    const order = orderOf(options, this.backend);
    const backend = order.backend ?? this.backend;
    if (typeof sink === 'string' && !SINKS.includes(sink)) throw new ParameterError(`There is no sink "${sink}".`, `Choose one of: ${SINKS.join(', ')}, or a file's handle.`);
    await this.direct((coordinator) => coordinator.api.check(order));
    const { file, name } = await toFile(input, options.name, signal);
    const folder = await storageFolder();
    // The folder is that of all upscalers of the page.
    const place = folder === undefined ? null : { folder, file: `result-${crypto.randomUUID()}` };
    const request: JobRequest = { file, name, order, sink, place };
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
      return { ...made, discard: remove };
    });
  }

  dispose(): void {
    if (this.life.signal.aborted) return;
    this.life.abort(abortError());
    this.workers.endAll();
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
        this.cleaning = this.workers.cancel(coordinator, job);
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
        const coordinator = await this.workers.coordinator();
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
          resolve(await work(await this.workers.coordinator()));
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

/** What of the options the coordinator is told: all but what concerns the call. */
function orderOf({ name: _, sink: __, onProgress: ___, signal: ____, ...order }: UpscaleOptions, backend: BackendChoice): Order {
  return { backend, ...order };
}

function isUnsupported(error: unknown): boolean {
  return (error as { kind?: unknown }).kind === 'unsupported';
}

let carried = false;
function carryFaultsOnce(): void {
  if (!carried) carryFaults();
  carried = true;
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
