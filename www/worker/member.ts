import { releaseProxy, wrap, type Remote } from 'comlink';
import { DeviceError } from '../shared/errors.js';
import { watchLifeline } from '../shared/lifeline.js';
import type { BackendName, ComputeApi, EngineInfo, HostApi } from '../shared/protocol.js';
import { type Artefact } from './wasm.js';

let lifelines = 0;

/** A compute worker as the coordinator sees it: calls that reject, rather than hang, when it dies. */
export class Member {
  readonly id: number;
  readonly backend: BackendName;
  info: EngineInfo = { adapter: '', software: false, tilesInFlight: 1, maxBufferBytes: undefined };
  /** Calls under way. */
  busy = 0;
  dead = false;

  private readonly remote: Remote<ComputeApi>;
  private readonly death: Promise<never>;
  private readonly stopWatching = new AbortController();
  private prepared = '';
  private outputShape: readonly number[] = [];
  private kill: (reason: Error) => void = () => {};

  private constructor(id: number, backend: BackendName, port: MessagePort) {
    this.id = id;
    this.backend = backend;
    this.remote = wrap<ComputeApi>(port);
    this.death = new Promise((_, reject) => {
      this.kill = reject;
    });
    // Nobody may be waiting at the moment of death.
    this.death.catch(() => {});
  }

  /** Has the page start a worker, and starts `backend` in it. */
  static async start(
    host: Remote<HostApi>,
    backend: BackendName,
    allowSoftware: boolean,
    artefact: Artefact,
    onStart: (member: Member) => void,
  ): Promise<Member> {
    const { id, port } = await host.spawn();
    const member = new Member(id, backend, port);
    onStart(member);
    const lifeline = `inlarge-compute-${id}-${performance.timeOrigin}-${lifelines++}`;
    if (await member.guarded(member.remote.hold(lifeline))) {
      watchLifeline(lifeline, member.stopWatching.signal).then(
        () => member.die('The compute worker stopped unexpectedly, perhaps for want of memory.'),
        () => {},
      );
    }
    member.info = await member.guarded(member.remote.create(backend, allowSoftware, artefact.glue, artefact.module));
    return member;
  }

  /** Prepares a network for a tile shape, unless it is the one prepared last. Gives the shape of the output. */
  async prepare(key: string, onnx: Uint8Array, shape: readonly [number, number, number]): Promise<readonly number[]> {
    const wanted = `${key} ${shape.join('x')}`;
    if (this.prepared === wanted) return this.outputShape;
    this.prepared = '';
    this.outputShape = await this.guarded(this.remote.prepare(onnx, ...shape));
    this.prepared = wanted;
    return this.outputShape;
  }

  /** Runs a tile. `data` is copied, so that the caller can run it again elsewhere. */
  run(data: Float32Array): Promise<Float32Array> {
    return this.guarded(this.remote.run(data));
  }

  /** Ends every call under way with `reason`. */
  die(reason: string): void {
    if (this.dead) return;
    this.dead = true;
    this.stopWatching.abort();
    this.remote[releaseProxy]();
    this.kill(new DeviceError(reason, 'Close other tabs or choose a smaller picture, then try again.'));
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
