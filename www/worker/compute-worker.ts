import { releaseProxy, transfer, wrap, type Remote } from 'comlink';
import { DeviceError, fromPlain } from '../shared/errors.js';
import { watchLifeline } from '../shared/lifeline.js';
import type { BackendName, ComputeApi, EngineInfo, SpawnedWorker } from '../shared/protocol.js';
import { type Artefact } from './wasm.js';

let lifelines = 0;

/** A compute worker as the coordinator sees it: calls that reject, rather than hang, when it dies. */
export class ComputeWorker {
  readonly id: number;
  info: EngineInfo = { adapter: '', software: false, tilesInFlight: 1, maxBufferBytes: undefined };
  /** Calls under way. */
  busy = 0;
  /** Why it died. */
  reason: Error | undefined;
  /** Who is told when it dies: the picture that it is working for. */
  onDeath: ((reason: Error) => void) | undefined;

  private readonly remote: Remote<ComputeApi>;
  private readonly death: Promise<never>;
  private readonly stopWatching = new AbortController();
  /** Settles when the worker answers. */
  private held: Promise<boolean> = Promise.resolve(false);
  /** What is prepared, by slot. */
  private prepared: { key: string; outputShape: readonly number[] }[] = [];
  private kill: (reason: Error) => void = () => {};

  private constructor(id: number, port: MessagePort) {
    this.id = id;
    this.remote = wrap<ComputeApi>(port);
    this.death = new Promise((_, reject) => {
      this.kill = reject;
    });
    // Nobody may be waiting at the moment of death.
    this.death.catch(() => {});
  }

  /** A worker that the page has started, and that waits for an engine. */
  static of({ id, port }: SpawnedWorker): ComputeWorker {
    const worker = new ComputeWorker(id, port);
    const lifeline = `inlarge-compute-${id}-${performance.timeOrigin}-${lifelines++}`;
    worker.held = worker.guarded(worker.remote.hold(lifeline));
    const watch = async (): Promise<void> => {
      if (!(await worker.held)) return;
      await watchLifeline(lifeline, worker.stopWatching.signal);
      worker.die('The compute worker stopped unexpectedly, perhaps for want of memory.');
    };
    watch().catch(() => {});
    return worker;
  }

  /** Starts an engine. Resolves to why it does not start on this device, after which another one can be started here. */
  async start(backend: BackendName, allowSoftware: boolean, artefact: Artefact): Promise<Error | undefined> {
    // In Firefox a module that is sent to a port still on its way to its worker is lost.
    await this.held;
    const { info, refused } = await this.guarded(this.remote.create(__INLARGE_VERSION__, backend, allowSoftware, artefact.glue, artefact.module));
    if (info) this.info = info;
    return refused && fromPlain(refused);
  }

  /**
   * Prepares a network for a tile shape in `slot` of the `slots` that a picture needs, unless it is the one prepared there. Gives
   * the shape of the output.
   */
  async prepare(slot: number, slots: number, key: string, onnx: Uint8Array, shape: readonly [number, number, number]): Promise<readonly number[]> {
    const wanted = `${key} ${shape.join('x')}`;
    const before = this.prepared[slot];
    if (before?.key === wanted && this.prepared.length <= slots) return before.outputShape;
    this.prepared = this.prepared.slice(0, slots);
    delete this.prepared[slot];
    const outputShape = await this.guarded(this.remote.prepare(slot, slots, onnx, ...shape));
    this.prepared[slot] = { key: wanted, outputShape };
    return outputShape;
  }

  /** Runs a tile. `data` goes over to the worker. */
  run(slot: number, data: Float32Array): Promise<Float32Array> {
    return this.guarded(this.remote.run(slot, transfer(data, [data.buffer])));
  }

  get dead(): boolean {
    return this.reason !== undefined;
  }

  /** Ends every call under way with `reason`. */
  die(reason: string): void {
    if (this.reason) return;
    this.reason = new DeviceError(reason, 'Close other tabs or choose a smaller picture, then try again.');
    this.stopWatching.abort();
    this.remote[releaseProxy]();
    this.kill(this.reason);
    this.onDeath?.(this.reason);
  }

  private async guarded<T>(call: Promise<T>): Promise<T> {
    this.busy += 1;
    try {
      return await Promise.race([call, this.death]);
    } finally {
      this.busy -= 1;
    }
  }
}
