import { type Remote } from 'comlink';
import type { HostApi, SpawnedWorker } from '../shared/protocol.js';
import { ComputeWorker } from './compute-worker.js';

/**
 * Where compute workers come from. The page starts one ahead, and one whose engine refused
 * waits for the next engine: a new worker takes a tenth of a second or more.
 */
export class WorkerFactory {
  /** Every worker by id, also those that are still starting. */
  private readonly workers = new Map<number, ComputeWorker>();
  private readonly host: Remote<HostApi>;
  private spare: Promise<ComputeWorker> | undefined;
  private readonly deadBeforeSpawn = new Map<number, string>();

  constructor(host: Remote<HostApi>, spare: SpawnedWorker) {
    this.host = host;
    this.spare = Promise.resolve(this.adopt(spare));
  }

  /** The worker that waits, or a new one. */
  async take(): Promise<ComputeWorker> {
    const waiting = this.spare;
    this.spare = undefined;
    const worker = await waiting?.catch(() => undefined);
    return worker && !worker.dead ? worker : this.spawn();
  }

  /** Takes a sound worker back whose engine refused. */
  giveBack(worker: ComputeWorker): void {
    if (this.spare || worker.dead) this.end(worker, 'The worker is not needed.');
    else this.spare = Promise.resolve(worker);
  }

  /** Ends the worker that waits. */
  rest(): void {
    this.spare?.then((worker) => this.end(worker, 'The worker is not needed.'), () => {});
    this.spare = undefined;
  }

  end(worker: ComputeWorker, reason: string): void {
    worker.die(reason);
    this.forget(worker.id);
    void this.host.terminate(worker.id);
  }

  forget(id: number): void {
    this.workers.delete(id);
  }

  /** The page saw a worker fail outside of a call. */
  died(id: number, reason: string): void {
    const worker = this.workers.get(id);
    if (worker) worker.die(reason);
    else this.deadBeforeSpawn.set(id, reason);
  }

  private async spawn(): Promise<ComputeWorker> {
    return this.adopt(await this.host.spawn());
  }

  private adopt(spawned: SpawnedWorker): ComputeWorker {
    const worker = ComputeWorker.of(spawned);
    for (const [id, known] of this.workers) if (known.dead) this.workers.delete(id);
    this.workers.set(worker.id, worker);
    const reason = this.deadBeforeSpawn.get(worker.id);
    if (reason !== undefined) worker.die(reason);
    return worker;
  }
}
