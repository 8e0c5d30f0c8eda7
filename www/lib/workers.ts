import { proxy, releaseProxy, transfer, wrap, type Remote } from 'comlink';
import { abortError, DeviceError } from '../shared/errors.js';
import { appPackages } from '../shared/features.js';
import { watchLifeline } from '../shared/lifeline.js';
import type { BackendChoice, CoordinatorApi, HostApi, OwnModel, SpawnedWorker } from '../shared/protocol.js';
import { compileAhead, manifestOf, moduleOf } from './ahead.js';
import { isWaiting, startAhead, startWorker } from './spawn.js';

/** How long a coordinator may take to answer a cancel before it is ended. */
const CANCEL_MS = 150;

let lifelines = 0;

/** A live coordinator, and a way to call it that rejects, rather than hangs, when it dies. */
export interface Coordinator {
  readonly api: Remote<CoordinatorApi>;
  guarded<T>(call: Promise<T>): Promise<T>;
}

/** The workers of one upscaler: starts the coordinator when it is needed, ends whatever must end. */
export class UpscalerWorkers {
  /** The engine that a coordinator starts at once. */
  backend: BackendChoice;
  /** The networks that the user added: every coordinator is told of them. */
  readonly own: OwnModel[] = [];
  private readonly assetBase: URL;
  private readonly workers: number;
  private readonly compute = new Map<number, Worker>();
  private nextId = 1;
  private current: { started: Promise<Coordinator>; end: (reason: Error) => void } | undefined;

  constructor(assetBase: URL, workers: number, backend: BackendChoice) {
    this.assetBase = assetBase;
    this.workers = workers;
    this.backend = backend;
  }

  /** The coordinator, started if there is none. A failed start is not remembered. */
  coordinator(): Promise<Coordinator> {
    if (this.current) return this.current.started;
    compileAhead(this.assetBase);
    const { worker, address } = startWorker(this.assetBase, 'coordinator');
    // The coordinator asks for one as soon as it runs.
    if (!isWaiting(this.assetBase, 'compute')) startAhead(this.assetBase, 'compute');
    const api = wrap<CoordinatorApi>(worker);
    const stopWatching = new AbortController();
    let kill: (reason: Error) => void = () => {};
    const death = new Promise<never>((_, reject) => {
      kill = reject;
    });
    death.catch(() => {});
    const end = (reason: Error): void => {
      if (this.current?.end !== end) return;
      this.current = undefined;
      stopWatching.abort();
      api[releaseProxy]();
      worker.terminate();
      for (const id of [...this.compute.keys()]) this.terminate(id);
      kill(reason);
    };
    worker.onerror = (event) => end(lost(event, address));
    const guarded = <T>(call: Promise<T>): Promise<T> => Promise.race([call, death]);
    const lifeline = `inlarge-coordinator-${performance.timeOrigin}-${Math.random()}-${lifelines++}`;
    const setup = { assetBase: this.assetBase.href, version: __INLARGE_VERSION__, workers: this.workers, lifeline, backend: this.backend, own: this.own };
    const isCurrent = (): boolean => this.current?.end === end;
    const start = async (): Promise<boolean> => {
      const best = appPackages()[0] ?? 'app';
      const [module, manifest] = await Promise.all([moduleOf(this.assetBase, best), manifestOf(this.assetBase)]);
      if (!isCurrent()) throw abortError();
      const spare = this.spawn();
      return api.start({ ...setup, manifest: JSON.stringify(manifest) }, proxy(this.hostFor(isCurrent)), transfer({ spare, package: best, module }, [spare.port]));
    };
    const started = guarded(start()).then(
      (held) => {
        if (held) watchLifeline(lifeline, stopWatching.signal).then(() => end(died()), () => {});
        return { api, guarded };
      },
      (error: unknown) => {
        end(error instanceof Error ? error : new DeviceError(String(error)));
        throw error;
      },
    );
    this.current = { started, end };
    return started;
  }

  /** Stops a job: between tiles if that is quick, else by ending the workers that are busy with it. */
  async cancel(coordinator: Coordinator, job: number): Promise<void> {
    const patience = new Promise<undefined>((resolve) => setTimeout(resolve, CANCEL_MS, undefined));
    const busy = await Promise.race([coordinator.guarded(coordinator.api.cancel(job)), patience]).catch(() => undefined);
    if (busy) for (const id of busy) this.terminate(id);
    else this.endAll();
  }

  /** Ends every worker; calls under way reject with an `AbortError`. The next call starts new ones. */
  endAll(): void {
    this.current?.end(abortError());
  }

  /** What a coordinator may ask for while it is the current one: a late request must not leave a worker behind. */
  private hostFor(isCurrent: () => boolean): HostApi {
    return {
      spawn: async () => {
        if (!isCurrent()) throw abortError();
        const spawned = this.spawn();
        return transfer(spawned, [spawned.port]);
      },
      terminate: (id) => this.terminate(id),
      module: (name) => moduleOf(this.assetBase, name),
    };
  }

  private spawn(): SpawnedWorker {
    const id = this.nextId++;
    const { worker, address } = startWorker(this.assetBase, 'compute');
    this.compute.set(id, worker);
    worker.onerror = (event) => {
      this.terminate(id);
      void this.current?.started.then(({ api }) => api.computeDied(id, lost(event, address).message), () => {});
    };
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({ port: port2 }, [port2]);
    return { id, port: port1 };
  }

  private terminate(id: number): void {
    this.compute.get(id)?.terminate();
    this.compute.delete(id);
  }
}

function died(): DeviceError {
  return new DeviceError(
    'The worker that holds the picture stopped unexpectedly, perhaps for want of memory.',
    'Close other tabs or choose a smaller picture, then try again.',
  );
}

/** A worker whose script does not load fires an event without a message. */
function lost(event: ErrorEvent, address: string): DeviceError {
  event.preventDefault();
  return event.message
    ? new DeviceError(`A worker failed: ${event.message}`, 'Try again.')
    : new DeviceError(
        `The worker script ${address} could not be loaded.`,
        "Check that it is there, and that the page's worker-src and script-src allow it.",
      );
}
