import { isLarge } from '../elements/large.js';
import { Estimate } from '../lib/estimate.js';
import { removeEmpty } from '../lib/storage-folder.js';
import type { Upscaler, UpscaleResult } from '../lib/types.js';
import { orAborted } from '../shared/errors.js';
import type { Progress, Pyramid } from '../shared/protocol.js';
import { complete, fraction, prepare, problemOf, putBack, type Item } from './item.js';
import { canChooseFile, chooseFile, Dismissed } from './save.js';
import { optionsOf, type Settings } from './settings.js';
import { stopwatch } from './timing.js';

/** Guessed bytes of a result from which on the user is asked for a file first: from the storage it would have to be copied. */
const HUGE_BYTES = 100e6;

/** What a run asks of the page, and tells it. */
export interface Runner {
  readonly settings: Settings;
  /** The settings as one text: results that were made with others are out of date. */
  readonly key: string;
  open(): Promise<Upscaler>;
  /** Whether a picture is still wanted. */
  holds(item: Item): boolean;
  /** Plans a picture for the settings as they are. */
  plan(item: Item): Promise<void>;
  begins(item: Item): void;
  ended(item: Item, upscaler: Upscaler, seconds: number): void;
  heard(item: Item, progress: Progress): void;
  say(text: string): void;
  changed(): void;
}

/** The run under way: pictures that are enlarged one after the other. A broken one does not stop the rest. */
export class Batch {
  private readonly runner: Runner;
  private run: AbortController | undefined;
  private items: readonly Item[] = [];
  /** The file for the picture under way. */
  private chosen: FileSystemFileHandle | undefined;

  constructor(runner: Runner) {
    this.runner = runner;
  }

  /** Pictures in the run under way. */
  get size(): number {
    return this.items.length;
  }

  get running(): boolean {
    return this.run !== undefined;
  }

  /** How much of the run is done, 0 to 1. */
  get overall(): number {
    const sum = this.items.reduce((total, item) => total + fraction(item), 0);
    return this.items.length > 0 ? sum / this.items.length : 0;
  }

  /** Seconds left for the whole run; files to come are taken to cost what this one costs per pixel. */
  get secondsLeft(): number | undefined {
    const current = this.items.find((item) => item.state === 'working');
    if (current?.left === undefined || !current.progress) return undefined;
    const pixels = (item: Item): number => item.width * item.height;
    const perPixel = (current.progress.seconds + current.left) / Math.max(1, pixels(current));
    const rest = this.items.filter((item) => item.state === 'waiting').reduce((sum, item) => sum + pixels(item), 0);
    return current.left + rest * perPixel;
  }

  /** Enlarges pictures; results that they have stay until others take their place. */
  async start(items: readonly Item[]): Promise<void> {
    if (this.run || items.length === 0) return;
    const { runner } = this;
    const run = new AbortController();
    this.items = items;
    this.run = run;
    for (const item of items) prepare(item);
    runner.changed();
    try {
      this.chosen = await this.chooseFile();
      const upscaler = await orAborted(runner.open(), run.signal);
      for (const item of items) {
        if (run.signal.aborted) break;
        if (runner.holds(item)) await this.one(upscaler, item, run.signal);
      }
    } catch (error) {
      if (error instanceof Dismissed) runner.say('Nothing was started: no file was chosen for the result.');
      else if (!run.signal.aborted) runner.say('The engine could not be started.');
    } finally {
      // Pictures whose turn did not come.
      for (const item of items) if (item.state === 'waiting') putBack(item);
      // Nothing was written where the engine did not start.
      if (this.chosen) void removeEmpty(this.chosen);
      this.chosen = undefined;
      this.run = undefined;
    }
  }

  cancel(): void {
    this.run?.abort();
  }

  /** The file for a picture that is alone in its run, where the user wants to choose one or the result will be huge. */
  private async chooseFile(): Promise<FileSystemFileHandle | undefined> {
    const [item, ...others] = this.items;
    if (!item || others.length > 0 || !canChooseFile()) return undefined;
    // One that is not looked at may have no plan for the settings as they are.
    if (!item.planned) await this.runner.plan(item);
    if (!item.planned) return undefined;
    if (!this.runner.settings.direct && item.planned.bytes < HUGE_BYTES) return undefined;
    return chooseFile(item.planned.name);
  }

  private async one(upscaler: Upscaler, item: Item, signal: AbortSignal): Promise<void> {
    const { runner } = this;
    const { key } = runner;
    const options = optionsOf(runner.settings);
    const estimate = new Estimate();
    let took = 0;
    const time = stopwatch((seconds) => (took = seconds));
    item.state = 'working';
    runner.begins(item);
    const onProgress = (progress: Progress): void => {
      // What arrives when the run is over says nothing of the picture any more.
      if (this.run?.signal !== signal || item.state !== 'working') return;
      item.progress = progress;
      item.size = progress.size ?? item.size;
      if (progress.tile) item.tiles.push(progress.tile);
      time(progress);
      if (progress.phase === 'upscale') {
        if (progress.done > 0) estimate.push(progress.seconds);
        item.left = estimate.left(progress.total - progress.done);
      }
      runner.heard(item, progress);
    };
    try {
      const result = await upscaler.upscale(item.file, { ...options, ...(this.chosen ? { sink: this.chosen } : {}), signal, onProgress });
      complete(item, result, this.chosen?.name ?? '', key);
      if (result.report.kind) item.kind = Promise.resolve(result.report.kind);
      if (isLarge(result)) void this.cut(upscaler, item, result);
      runner.ended(item, upscaler, took);
      runner.say(`${item.file.name} is done: ${result.width} by ${result.height} pixels.`);
    } catch (error) {
      item.progress = undefined;
      if (signal.aborted) {
        putBack(item);
      } else {
        item.state = 'failed';
        item.problem = problemOf(error);
        runner.say(`${item.file.name} failed. ${item.problem}`);
      }
    }
    runner.changed();
  }

  /** Cuts a large result up for the viewer. */
  private async cut(upscaler: Upscaler, item: Item, result: UpscaleResult): Promise<void> {
    let pyramid: Pyramid | undefined;
    let unseen = 'The result is too large to be shown here in this format; the saved file is whole.';
    try {
      pyramid = await upscaler.pyramid(result);
    } catch (error) {
      unseen = `The result is not shown here; the saved file is whole. ${problemOf(error)}`;
    }
    // It may have been made anew, or removed, meanwhile.
    if (item.result !== result) return;
    item.pyramid = pyramid;
    item.reducedUrl = pyramid ? URL.createObjectURL(pyramid.reduced) : '';
    item.unseen = pyramid ? '' : unseen;
    this.runner.changed();
  }
}
