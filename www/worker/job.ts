import { abortError, DeviceError, LimitsError, orAborted, toPlain, UnsupportedError, type ErrorKind } from '../shared/errors.js';
import { isSlower, type JobRequest, type JobResult, type Progress, type Refusal, type Report } from '../shared/protocol.js';
import { nobody, type Engines } from './engines.js';
import { type Member } from './member.js';
import type { LoadedModel, Models } from './models.js';
import { type Pool } from './pool.js';
import { openSink, type Sink } from './sink.js';
import type { AppGlue, WasmJob, WasmSource, WasmTile } from './wasm.js';

/** Failures of an engine, after which another engine may still do the job. */
const ANOTHER_MAY: ReadonlySet<ErrorKind> = new Set<ErrorKind>(['device', 'unsupported', 'limits']);

/** Bytes of a file whose picture may well be a single tile, for one worker. */
const SMALL_FILE = 4096;

/** A tile handed out and not yet back. Its input is kept, so that it can be run again elsewhere. */
interface Tile {
  readonly index: number;
  /** Pass that it belongs to. */
  readonly session: number;
  readonly rect: { x: number; y: number; width: number; height: number };
  readonly data: Float32Array;
}

/** The models of a job's passes, and the slot of a worker that each is prepared in: equal ones share it. */
interface Chain {
  readonly models: readonly LoadedModel[];
  /** Size of the result; undefined: what the models make. */
  readonly size: readonly [number, number] | undefined;
  slots: readonly number[];
}

/** The engine in use cannot be trusted with the rest of the picture. */
class EngineFailed extends Error {}

/** The picture cannot be opened, whichever engine would run it. */
class Unreadable extends Error {}

/** Takes one picture from file bytes to file bytes. */
export class JobRun {
  private readonly app: AppGlue;
  private readonly engines: Engines;
  private readonly models: Models;
  private readonly request: JobRequest;
  private readonly signal: AbortSignal;
  private readonly emit: (progress: Progress) => void;
  private readonly began = performance.now();
  private sink: Sink | undefined;
  /** Tiles that were handed out, failed, and wait for another engine. */
  private readonly again: Tile[] = [];
  private wasRevived = false;
  private chain: Chain = { models: [], size: undefined, slots: [] };
  /** Tiles that are being run. */
  private inFlight = 0;
  private waiting: (() => void)[] = [];

  constructor(
    app: AppGlue,
    engines: Engines,
    models: Models,
    request: JobRequest,
    signal: AbortSignal,
    emit: (progress: Progress) => void,
  ) {
    this.app = app;
    this.engines = engines;
    this.models = models;
    this.request = request;
    this.signal = signal;
    this.emit = emit;
  }

  async run(): Promise<JobResult> {
    this.progress('load', 0, 2);
    if (this.request.file.size > SMALL_FILE) this.engines.expect(this.request.backend);
    const [file, first] = await orAborted(
      Promise.all([this.request.file.arrayBuffer(), this.models.expect(this.request.models, this.request.size, this.request.finish.denoise)]),
      this.signal,
    );
    this.progress('load', 1, 2);
    this.stopIfCancelled();
    const { job, pool } = await this.open(new Uint8Array(file), first);
    try {
      const { output, sink: choice, place } = this.request;
      const sink = await openSink({ choice, place, guessedBytes: job.fileBytes });
      this.sink = sink;
      await this.allTiles(job, pool);
      this.progress('encode', 0, 1);
      await this.collect(job);
      const blob = await sink.finish(output.type);
      this.stopIfCancelled();
      const report = JSON.parse(job.report(this.seconds())) as Report;
      const map = job.map();
      this.progress('encode', 1, 1);
      const result = { blob, width: job.width, height: job.height, report, ...(sink.stored === undefined ? {} : { stored: sink.stored }) };
      return map ? { ...result, map: new Blob([map as Uint8Array<ArrayBuffer>], { type: 'image/png' }) } : result;
    } catch (error) {
      await this.sink?.abandon();
      throw error;
    } finally {
      job.free();
    }
  }

  /** Opens the picture for the first engine that starts and accepts the networks. `expected`: models that are loaded already. */
  private async open(file: Uint8Array, expected: readonly LoadedModel[]): Promise<{ job: WasmJob; pool: Pool }> {
    const refusals: Refusal[] = [];
    const news: string[] = [];
    let last: unknown;
    // A graph outside of our own representation has no known receptive field: tract alone runs it, untiled.
    const opaque = expected.find((model) => model.parsed.opaque);
    const order = this.engines.order(this.request.backend).filter((name) => !opaque || name === 'tract');
    if (opaque && order.length === 0) {
      throw new DeviceError(
        `The engine ${this.request.backend} cannot run this model. ${opaque.parsed.refusal}`,
        'Choose the engine "auto" or "tract" for it.',
      );
    }
    for (const backend of order) {
      let job: WasmJob | undefined;
      try {
        const pool = await this.engines.open(backend, this.request.backend);
        job = await this.decode(file, pool);
        await this.prepare(pool, job);
        for (const text of isSlower(backend) ? [this.slower(backend, opaque, refusals)] : news) job.warn(text);
        return { job, pool };
      } catch (refusal) {
        job?.free();
        const { kind, message } = toPlain(refusal);
        if (this.signal.aborted || refusal instanceof Unreadable || !ANOTHER_MAY.has(kind)) {
          throw refusal instanceof Unreadable ? refusal.cause : refusal;
        }
        last = refusal;
        refusals.push({ backend, reason: message });
        // A device without a GPU is no news in every report; an engine that started and then refused is.
        if (job) news.push(`${backend} was not used: ${message}`);
      }
    }
    throw nobody(refusals, last);
  }

  /** That an engine is a slow one, and why it runs the picture all the same. */
  private slower(backend: string, opaque: LoadedModel | undefined, refusals: readonly Refusal[]): string {
    const because = opaque
      ? `no other engine runs this network: ${opaque.parsed.refusal}`
      : this.request.backend === 'auto'
        ? `the faster ones refused. ${refusals.map(({ backend: name, reason }) => `${name}: ${reason}`).join(' ')}`
        : 'it is the one that was chosen';
    return `The slower engine ${backend} made this picture, because ${because}`;
  }

  /** The factor of a network that is not covered: only preparing it for the whole picture tells. */
  private async opaqueScale({ width, height }: WasmSource, model: LoadedModel, pool: Pool): Promise<number> {
    const most = model.parsed.maxWholePixels;
    if (width * height > most) {
      throw new LimitsError(
        `${model.parsed.refusal}: it can only be run on a whole picture, of at most ${Math.floor(most / 1e6)} megapixels here, and this one has ${width} x ${height} pixels.`,
        'Crop the picture, or use one of the shipped models.',
      );
    }
    const output = await pool.members[0]?.prepare(0, 1, model.id, model.onnx, [model.parsed.inputChannels, height, width]);
    const scale = Math.floor((output?.[1] ?? 0) / height);
    if (scale < 1 || output?.[1] !== scale * height || output[2] !== scale * width) {
      throw new UnsupportedError(`The model makes ${output?.[2]} x ${output?.[1]} pixels of ${width} x ${height}, which is no whole factor.`, 'Use another model.');
    }
    return scale;
  }

  /** Runs what reads the picture: its errors are the picture's, whichever engine would run it. */
  private readable<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      throw new Unreadable('the picture cannot be opened', { cause });
    }
  }

  /** Decodes the picture and plans it for an engine. */
  private async decode(file: Uint8Array, pool: Pool): Promise<WasmJob> {
    this.stopIfCancelled();
    this.progress('decode', 0, 1);
    const source = this.readable(() => this.app.Source.decode(file));
    const passes = new this.app.Passes();
    let held: WasmSource | undefined = source;
    try {
      const kind = this.request.kinds ? this.readable(() => source.kind()) : null;
      const sources = (kind && this.request.kinds?.[kind]) ?? this.request.models;
      const { passes: chosen, size, dpi } = this.readable(() => this.models.plan(sources, this.request.size, source.width, source.height));
      const models = await orAborted(Promise.all(chosen.map((model) => this.models.load(model, this.request.finish.denoise))), this.signal);
      this.chain = { models, size, slots: [] };
      const opaque = models.find((model) => model.parsed.opaque);
      const opaqueScale = opaque ? await this.opaqueScale(source, opaque, pool) : null;
      for (const model of models) passes.add(model.parsed);
      const info = pool.members[0]?.info;
      const [only] = sources;
      const options = {
        size: size ?? null,
        kind,
        opaqueScale,
        model: only && !only.entry.licence ? only.entry.name : '',
        tile: this.request.tile,
        backend: pool.backend,
        adapter: info?.adapter ?? '',
        maxBufferBytes: info?.maxBufferBytes ?? null,
        parallel: this.engines.wanted(pool.backend, Number.POSITIVE_INFINITY),
        output: dpi === undefined ? this.request.output : { dpi, ...this.request.output },
        finish: this.request.finish,
      };
      held = undefined;
      const job = this.readable(() => this.app.Job.open(source, this.request.name, passes, JSON.stringify(options)));
      this.progress('decode', 1, 1);
      return job;
    } finally {
      held?.free();
      passes.free();
    }
  }

  private async prepare(pool: Pool, job: WasmJob): Promise<void> {
    await pool.grow(this.engines.wanted(pool.backend, job.tiles - job.tilesDone));
    await this.makeReady(pool, job);
  }

  /** Prepares the networks in the workers that there are. */
  private async makeReady(pool: Pool, job: WasmJob): Promise<void> {
    this.stopIfCancelled();
    const { models } = this.chain;
    const { shapes } = job;
    const wanted = models.map((model, pass) => {
      const [channels = 3, height = 0, width = 0] = shapes.subarray(3 * pass, 3 * pass + 3);
      return { model, shape: [channels, height, width] as const, key: `${model.id} ${height} ${width}` };
    });
    const distinct = [...new Map(wanted.map((one) => [one.key, one])).values()];
    this.chain.slots = wanted.map(({ key }) => distinct.findIndex((one) => one.key === key));
    const each = async (member: Member): Promise<void> => {
      for (const [slot, { model, shape }] of distinct.entries()) await member.prepare(slot, distinct.length, model.id, model.onnx, shape);
    };
    await Promise.all(pool.members.map(each));
    this.stopIfCancelled();
  }

  /** Runs every tile, moving to the next engine whenever one fails. */
  private async allTiles(job: WasmJob, first: Pool): Promise<void> {
    const order = this.engines.order(this.request.backend);
    let pool = first;
    this.progress('upscale', 0, job.tiles, undefined, { width: job.width, height: job.height });
    for (;;) {
      try {
        await this.lanes(job, pool);
        return;
      } catch (failure) {
        if (!(failure instanceof EngineFailed)) throw failure;
        if (await this.revived(pool, job)) continue;
        const failed = pool;
        this.engines.distrust(failed, failure.message);
        pool = await this.next(order.slice(order.indexOf(failed.backend) + 1), job, failure.message);
        job.setEngine(pool.backend, pool.members[0]?.info.adapter ?? '');
        job.warn(
          `${failed.backend} failed after ${job.tilesDone} of ${job.tiles} tiles (${failure.message}); ${isSlower(pool.backend) ? 'the slower engine ' : ''}${pool.backend} did the rest.`,
        );
      }
    }
  }

  /** Starts one worker where all of them died, once per picture: several may only have been too many for the memory. */
  private async revived(pool: Pool, job: WasmJob): Promise<boolean> {
    if (pool.alive || this.wasRevived) return false;
    this.wasRevived = true;
    try {
      await pool.grow(1);
      await this.makeReady(pool, job);
    } catch {
      this.stopIfCancelled();
      return false;
    }
    job.warn(`Every compute worker of ${pool.backend} stopped, perhaps for want of memory; one new worker went on.`);
    return true;
  }

  /** The first of `order` that starts and accepts the network and tile shape of the job under way. */
  private async next(order: readonly Pool['backend'][], job: WasmJob, why: string): Promise<Pool> {
    let reasons = why;
    for (const backend of order) {
      try {
        const pool = await this.engines.open(backend, this.request.backend);
        await this.prepare(pool, job);
        return pool;
      } catch (refusal) {
        if (this.signal.aborted) throw refusal;
        reasons += ` ${backend}: ${toPlain(refusal).message}`;
      }
    }
    throw new DeviceError(
      `The engine failed in the middle of the picture. ${reasons}`,
      this.request.backend === 'auto' ? 'Try again, or choose a smaller picture.' : 'Choose the engine "auto", which falls over to another one.',
    );
  }

  /** Lets every worker of `pool` take tiles until there are none. */
  private async lanes(job: WasmJob, pool: Pool): Promise<void> {
    const stop = { now: false };
    // At a worker on the CPU one tile waits, so that it is not idle while rows are encoded; a GPU has its own in flight.
    const waiting = pool.backend === 'gpu' ? 0 : 1;
    const most = Math.max(...pool.members.map((member) => member.info.tilesInFlight + waiting));
    // In turns, so that the tiles of a row are run side by side and its pixels are encoded soon.
    const lanes = Array.from({ length: most }, (_, turn) => pool.members.filter((member) => turn < member.info.tilesInFlight + waiting))
      .flat()
      .map((member) => this.lane(job, pool, member, stop));
    const results = await Promise.allSettled(lanes);
    const failures = results.filter((result) => result.status === 'rejected').map((result) => result.reason as unknown);
    const fatal = failures.find((failure) => !(failure instanceof EngineFailed)) ?? failures[0];
    if (fatal) throw fatal;
    if (job.tilesDone < job.tiles) throw new EngineFailed('every worker of the engine stopped');
  }

  private async lane(job: WasmJob, pool: Pool, member: Member, stop: { now: boolean }): Promise<void> {
    while (!stop.now && !member.dead) {
      this.stopIfCancelled();
      const tile = this.again.pop() ?? take(job.next());
      if (!tile) {
        if (job.goesOn) {
          await this.collect(job);
          this.progress('upscale', job.tilesDone, job.tiles, undefined, { width: job.width, height: job.height });
          // A task of its own, so that a cancellation is heard.
          await new Promise((resolve) => setTimeout(resolve));
          continue;
        }
        // A later pass waits for tiles that others run.
        if (this.inFlight === 0) return;
        await new Promise<void>((resolve) => this.waiting.push(resolve));
        continue;
      }
      let failure: string | undefined;
      this.inFlight += 1;
      try {
        failure = await this.attempt(job, member, tile);
        if (failure !== undefined && !member.dead) failure = await this.attempt(job, member, tile);
        if (failure !== undefined) this.again.push(tile);
      } catch (error) {
        stop.now = true;
        throw error;
      } finally {
        this.inFlight -= 1;
        for (const wake of this.waiting.splice(0)) wake();
      }
      if (failure === undefined) continue;
      // One worker of several that died leaves the others to do its tiles.
      if (member.dead && pool.alive && !this.signal.aborted) {
        job.warn(`A compute worker of ${pool.backend} stopped; the others went on.`);
        continue;
      }
      stop.now = true;
      this.stopIfCancelled();
      throw new EngineFailed(failure);
    }
  }

  /** Runs and stores one tile. Gives what went wrong where the engine is to blame. */
  private async attempt(job: WasmJob, member: Member, tile: Tile): Promise<string | undefined> {
    let data: Float32Array;
    try {
      data = await member.run(this.chain.slots[tile.session] ?? 0, tile.data);
    } catch (error) {
      this.stopIfCancelled();
      const { kind, message } = toPlain(error);
      if (!ANOTHER_MAY.has(kind)) throw error;
      return message;
    }
    this.stopIfCancelled();
    if (!job.put(tile.index, data)) return 'a tile did not pass its check';
    await this.collect(job);
    this.progress('upscale', job.tilesDone, job.tiles, tile.rect.width > 0 ? tile.rect : undefined, { width: job.width, height: job.height });
    return undefined;
  }

  /** Takes what the encoder has written. Lanes write in the order in which they take. */
  private async collect(job: WasmJob): Promise<void> {
    for (let piece = job.take(); piece; piece = job.take()) {
      const { offset } = piece;
      const bytes = piece.bytes();
      piece.free();
      await this.sink?.write({ offset, bytes });
    }
  }

  private stopIfCancelled(): void {
    if (this.signal.aborted) throw abortError();
  }

  private seconds(): number {
    return (performance.now() - this.began) / 1000;
  }

  private progress(phase: Progress['phase'], done: number, total: number, tile?: Tile['rect'], size?: Progress['size']): void {
    this.emit({ phase, done, total, seconds: this.seconds(), ...(size ? { size } : {}), ...(tile ? { tile } : {}) });
  }
}

function take(tile: WasmTile | undefined): Tile | undefined {
  if (!tile) return undefined;
  const { index, session, x, y, width, height, data } = tile;
  tile.free();
  return { index, session, rect: { x, y, width, height }, data };
}
