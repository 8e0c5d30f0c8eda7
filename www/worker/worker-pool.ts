import type { BackendName } from '../shared/protocol.js';
import { type ComputeWorker } from './compute-worker.js';
import { type WorkerFactory } from './worker-factory.js';
import { type Artefact } from './wasm.js';

/** A place for a worker: one that lives, or one that is being started. */
interface Place {
  readonly starting: Promise<ComputeWorker>;
  worker?: ComputeWorker;
  hasFailed?: boolean;
}

/** The compute workers of one engine, by place. */
export class WorkerPool {
  readonly backend: BackendName;
  private readonly factory: WorkerFactory;
  private readonly artefact: Artefact;
  private readonly allowSoftware: boolean;
  private readonly places: Place[] = [];
  private closed = false;

  constructor(backend: BackendName, factory: WorkerFactory, artefact: Artefact, allowSoftware: boolean) {
    this.backend = backend;
    this.factory = factory;
    this.artefact = artefact;
    this.allowSoftware = allowSoftware;
  }

  /** The workers that are alive. */
  get workers(): readonly ComputeWorker[] {
    return this.places.flatMap(({ worker }) => (worker && !worker.dead ? [worker] : []));
  }

  /** Where a worker is. */
  placeOf(worker: ComputeWorker): number {
    return Math.max(0, this.places.findIndex((place) => place.worker === worker));
  }

  get alive(): boolean {
    return this.workers.length > 0;
  }

  /** The worker at a place, started where there is none; rejects with the engine's reason for refusing. */
  worker(place: number): Promise<ComputeWorker> {
    const known = this.places[place];
    if (known && !known.hasFailed && !known.worker?.dead) return known.starting;
    const starting = this.start();
    const one: Place = { starting };
    starting.then(
      (worker) => (one.worker = worker),
      () => (one.hasFailed = true),
    );
    this.places[place] = one;
    return starting;
  }

  close(): void {
    this.closed = true;
    for (const worker of this.workers) this.factory.end(worker, 'The engine was closed.');
  }

  /** Ends the workers that are still in a call and gives their ids; the page terminates those. */
  abandonBusy(): number[] {
    const busy = this.workers.filter((worker) => worker.busy > 0);
    for (const worker of busy) worker.die('The picture was cancelled.');
    return busy.map((worker) => worker.id);
  }

  private async start(): Promise<ComputeWorker> {
    const worker = await this.factory.take();
    let refusal: Error | undefined;
    try {
      refusal = await worker.start(this.backend, this.allowSoftware, this.artefact);
    } catch (failure) {
      this.factory.end(worker, 'The engine could not be started.');
      throw failure;
    }
    if (refusal) {
      this.factory.giveBack(worker);
      throw refusal;
    }
    // Started by a picture that was cancelled meanwhile.
    if (this.closed) this.factory.end(worker, 'The engine was closed.');
    return worker;
  }
}
