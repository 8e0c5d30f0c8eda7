import { abortError, orAborted } from '../shared/errors.js';
import type { BackendName, JobRequest, JobResult, Plan, Progress, Report } from '../shared/protocol.js';
import { USUAL_FILE } from '../shared/usual.js';
import type { Codecs } from './codecs.js';
import { type ComputeWorker } from './compute-worker.js';
import { type Engines } from './engines.js';
import type { LoadedModel, Models } from './models.js';
import { openJob, openPicture, type Opening } from './opening.js';
import { openSink, type Sink } from './sink.js';
import { commandOf, fault, opened, tell } from './supervisor.js';
import type { AppGlue, Command, EnginePlan, Job, SessionPlan, Supervisor, SupervisorEvent } from './wasm.js';
import { type WorkerPool } from './worker-pool.js';

/** Bytes of a file whose picture may well be a single tile, for one worker. */
const SMALL_FILE = 4096;

/** A worker of this picture, and its place in its pool. */
interface Held {
  readonly worker: ComputeWorker;
  readonly pool: WorkerPool;
  readonly place: number;
}

/** Takes one picture from file bytes to file bytes: does what the supervisor asks for. */
export class JobRun {
  private readonly app: AppGlue;
  private readonly engines: Engines;
  private readonly codecs: Codecs;
  private readonly models: Models;
  private readonly request: JobRequest;
  private readonly signal: AbortSignal;
  private readonly emit: (progress: Progress) => void;
  private readonly began = performance.now();
  private file: Uint8Array = new Uint8Array();
  private opening: Opening | undefined;
  private supervisor: Supervisor | undefined;
  private job: Job | undefined;
  private plan: Plan | undefined;
  private sink: Sink | undefined;
  private pool: WorkerPool | undefined;
  /** By the supervisor's numbers. */
  private readonly workers = new Map<number, Held>();
  /** Places of the pool that are being started. */
  private readonly starting = new Set<number>();
  private wake: () => void = () => {};

  constructor(
    app: AppGlue,
    engines: Engines,
    codecs: Codecs,
    models: Models,
    request: JobRequest,
    signal: AbortSignal,
    emit: (progress: Progress) => void,
  ) {
    this.app = app;
    this.engines = engines;
    this.codecs = codecs;
    this.models = models;
    this.request = request;
    this.signal = signal;
    this.emit = emit;
  }

  async run(): Promise<JobResult> {
    const { file, order } = this.request;
    this.progress('load', 0, 2);
    if (file.size > SMALL_FILE) this.engines.expect(order.backend ?? 'auto');
    const [bytes] = await orAborted(Promise.all([file.arrayBuffer(), this.models.expect(order)]), this.signal);
    this.file = new Uint8Array(bytes);
    this.progress('load', 1, 2);
    const cancel = (): void => this.wake();
    this.signal.addEventListener('abort', cancel, { once: true });
    try {
      this.stopIfCancelled();
      this.progress('decode', 0, 1);
      const opening = await openPicture(this.app, this.codecs, this.models, this.request, this.file, this.signal);
      this.opening = opening;
      this.stopIfCancelled();
      const { width, height } = opening.subject;
      this.supervisor = new this.app.Supervisor(order.backend ?? 'auto', this.engines.memory, opening.passes, this.engines.most, width, height);
      await this.follow(this.supervisor, opening.models);
      return await this.result();
    } catch (error) {
      await this.sink?.abandon();
      throw error;
    } finally {
      this.signal.removeEventListener('abort', cancel);
      for (const { worker } of this.workers.values()) worker.onDeath = undefined;
      this.supervisor?.free();
      this.supervisor = undefined;
      this.job?.free();
      this.opening?.source?.free();
      this.opening?.passes.free();
    }
  }

  /** Writes the rest of the file, and says what was done. */
  private async result(): Promise<JobResult> {
    const { job, sink, plan } = this;
    if (!job || !sink || !plan) throw new Error('the picture was done before it was planned');
    this.progress('encode', 0, 1);
    await this.collect(job);
    const blob = await sink.finish(this.outputType);
    this.stopIfCancelled();
    const report = JSON.parse(job.report(this.seconds())) as Report;
    const map = job.map();
    this.progress('encode', 1, 1);
    const result = { blob, width: job.width, height: job.height, name: plan.name, report, ...(sink.stored === undefined ? {} : { stored: sink.stored }) };
    return map ? { ...result, map: new Blob([map as Uint8Array<ArrayBuffer>], { type: 'image/png' }) } : result;
  }

  /** Does what the supervisor asks for until the picture is done; throws what ends it. */
  private async follow(supervisor: Supervisor, models: readonly LoadedModel[]): Promise<void> {
    for (;;) {
      this.stopIfCancelled();
      const heard = new Promise<void>((resolve) => (this.wake = resolve));
      const command = commandOf(this.job ? supervisor.next(this.job) : supervisor.choose());
      if (command.kind === 'done') return;
      if (command.kind === 'wait') await heard;
      else if (command.kind === 'plan') await this.open(command.plan);
      else if (command.kind === 'progress') await this.show(command.rect);
      else if (command.kind === 'close') this.engines.close(command.engine as BackendName);
      else this.start(command, supervisor, models);
    }
  }

  /** Plans the picture for an engine. */
  private async open(engine: EnginePlan): Promise<void> {
    if (!this.opening) return;
    this.job?.free();
    this.job = undefined;
    const { job, plan } = await openJob(this.app, this.codecs, this.models, this.request, this.file, this.opening, engine);
    this.job = job;
    this.plan = plan;
    this.progress('decode', 1, 1);
    const { sink: choice, place } = this.request;
    this.sink ??= await openSink({ choice, place, guessedBytes: plan.bytes });
    this.told({ kind: 'planned' });
    this.upscaled();
  }

  /** Takes what the encoder has written, and shows how far the picture is. */
  private async show(rect: readonly [number, number, number, number] | null): Promise<void> {
    if (!this.job) return;
    await this.collect(this.job);
    const [x, y, width, height] = rect ?? [0, 0, 0, 0];
    this.upscaled(width > 0 ? { x, y, width, height } : undefined);
    // Rows that no network makes: in tasks of their own, so that a cancellation is heard.
    if (!rect) await new Promise((resolve) => setTimeout(resolve));
  }

  /** Starts what a compute worker does; what comes of it is told when it is there. */
  private start(command: Command & { readonly worker: number }, supervisor: Supervisor, models: readonly LoadedModel[]): void {
    const { worker: id } = command;
    const doing = async (): Promise<SupervisorEvent | undefined> => {
      switch (command.kind) {
        case 'open':
          return this.openEngine(command.engine as BackendName, command.allowSoftware, id);
        case 'start':
          await this.startWorker(id);
          return { kind: 'started', worker: id };
        case 'measure':
          return { kind: 'measured', output: shapeOf(await this.prepare(id, [command.session], models)) };
        case 'prepare':
          await this.prepare(id, command.sessions, models);
          return { kind: 'prepared', worker: id };
        case 'run':
          return this.runTile(id, command.slot, command.tile, supervisor.data());
        default:
          return undefined;
      }
    };
    doing().then(
      (event) => event && this.told(event),
      (thrown: unknown) => {
        // A worker that died has told so itself.
        if (this.workers.get(id)?.worker.dead) return;
        this.told({ kind: 'failed', worker: id, tile: command.kind === 'run' ? command.tile : null, error: fault(thrown) });
      },
    );
  }

  private async openEngine(backend: BackendName, allowSoftware: boolean, id: number): Promise<SupervisorEvent> {
    const start = await this.engines.open(backend, allowSoftware);
    if ('refusal' in start) return { kind: 'refused', error: fault(start.refusal), lasting: start.lasting };
    this.pool = start.pool;
    this.hold(id, start.pool, start.pool.placeOf(start.first), start.first);
    return opened(start.first);
  }

  private async startWorker(id: number): Promise<void> {
    const { pool } = this;
    if (!pool) throw new Error('a worker of no engine');
    const taken = [...this.workers.values()].filter((held) => held.pool === pool && !held.worker.dead).map(({ place }) => place);
    let place = 0;
    while (this.starting.has(place) || taken.includes(place)) place += 1;
    this.starting.add(place);
    try {
      this.hold(id, pool, place, await pool.worker(place));
    } finally {
      this.starting.delete(place);
    }
  }

  private hold(id: number, pool: WorkerPool, place: number, worker: ComputeWorker): void {
    this.workers.set(id, { worker, pool, place });
    worker.onDeath = (error) => this.told({ kind: 'died', worker: id, error: fault(error) });
    if (worker.reason) worker.onDeath(worker.reason);
  }

  private workerOf(id: number): ComputeWorker {
    const held = this.workers.get(id);
    if (!held) throw new Error(`there is no worker ${id}`);
    return held.worker;
  }

  /** Prepares sessions in a worker; gives the shape of the last one's output. */
  private async prepare(id: number, sessions: readonly SessionPlan[], models: readonly LoadedModel[]): Promise<readonly number[]> {
    let output: readonly number[] = [];
    for (const [slot, [pass, shape]] of sessions.entries()) {
      const model = models[pass];
      if (!model) throw new Error(`there is no network for pass ${pass}`);
      output = await this.workerOf(id).prepare(slot, sessions.length, model.key, model.onnx, shape);
    }
    return output;
  }

  private async runTile(id: number, slot: number, tile: number, data: Float32Array): Promise<undefined> {
    const output = await this.workerOf(id).run(slot, data);
    this.supervisor?.ran(id, tile, output);
    this.wake();
  }

  /** Says what came of a command; after the end of the picture nobody listens any more. */
  private told(event: SupervisorEvent): void {
    if (!this.supervisor) return;
    tell(this.supervisor, event);
    this.wake();
  }

  /** Takes what the encoder has written, in the order in which it was. */
  private async collect(job: Job): Promise<void> {
    for (let piece = job.take(); piece; piece = job.take()) {
      const { offset } = piece;
      const bytes = piece.bytes();
      piece.free();
      await this.sink?.write({ offset, bytes });
    }
  }

  private get outputType(): string {
    return this.request.order.output?.type ?? USUAL_FILE.type;
  }

  private stopIfCancelled(): void {
    if (this.signal.aborted) throw abortError();
  }

  private seconds(): number {
    return (performance.now() - this.began) / 1000;
  }

  private upscaled(tile?: NonNullable<Progress['tile']>): void {
    if (this.job) this.progress('upscale', this.job.tilesDone, this.job.tiles, tile, { width: this.job.width, height: this.job.height });
  }

  private progress(phase: Progress['phase'], done: number, total: number, tile?: Progress['tile'], size?: Progress['size']): void {
    this.emit({ phase, done, total, seconds: this.seconds(), ...(size ? { size } : {}), ...(tile ? { tile } : {}) });
  }
}

function shapeOf([channels = 0, height = 0, width = 0]: readonly number[]): [number, number, number] {
  return [channels, height, width];
}
