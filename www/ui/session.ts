import { resultName } from '../lib/names.js';
import { isLarge } from '../elements/large.js';
import { Estimate } from '../lib/estimate.js';
import { manifestOf } from '../lib/ahead.js';
import { removeEmpty } from '../lib/shelf.js';
import { defaultWorkers, startAhead } from '../lib/spawn.js';
import type { Upscaler, UpscaleOptions, UpscaleResult } from '../lib/types.js';
import { createUpscaler } from '../lib/upscaler.js';
import { orAborted } from '../shared/errors.js';
import type { Kind, ModelEntry } from '../shared/manifest.js';
import { isSlower, type BackendChoice, type EngineReport, type PlannedSize, type Progress, type Pyramid } from '../shared/protocol.js';
import { forecast, timingPicture, type Forecast } from './forecast.js';
import { Paces, passesOf } from './paces.js';
import { complete, forget, fraction, newItem, prepare, problemOf, putBack, type Item } from './item.js';
import { assetBase } from './place.js';
import { canChooseFile, chooseFile, Dismissed, save } from './save.js';
import { initialSettings, optionsOf, SCALES, sizeOptions, type Settings } from './settings.js';

/** How long the page is left alone before it fetches what only later visits need, in milliseconds. */
const QUIET_MS = 1000;

/** Guessed bytes of a result from which on the user is asked for a file first: from the storage it would have to be copied. */
const HUGE_BYTES = 100e6;

/** Largest picture that is decoded to see what it shows, before it is its turn. */
const MOST_GUESSED_PIXELS = 24e6;
/** How long the settings are left alone before that, in milliseconds. */
const GUESSING_MS = 100;
/** Side of the preview of a file that the browser cannot show, in pixels. */
const PREVIEW_SIDE = 2048;

/** Tiles of a picture whose time counts; of fewer, the start is too large a part. */
const TELLING_TILES = 4;

/** Side of the picture that networks are timed on, in pixels. */
const TIMING_SIDE = 128;

/** Everything on the page that is not drawing: the pictures, the settings, the engine, the run. */
export class Session extends EventTarget {
  readonly items: Item[] = [];
  readonly settings: Settings = initialSettings();
  selected: Item | undefined;
  models: readonly ModelEntry[] = [];
  /** Whether the fidelity map lies over results. */
  mapShown = false;
  engine: EngineReport | undefined;
  /** Why there is no engine. */
  engineProblem: string | undefined;
  /** What a screen reader is told. */
  announcement = '';
  private upscaler: Promise<Upscaler> | undefined;
  private run: AbortController | undefined;
  private batch: readonly Item[] = [];
  /** The file for the picture under way. */
  private chosen: FileSystemFileHandle | undefined;
  private plans = 0;
  private hastened = false;
  private readonly paces = new Paces();
  /** Engines and plans that were timed, or are being timed, in this visit. */
  private readonly timed = new Set<string>();
  /** Stops the timing under way, or about to be. */
  private timing = new AbortController();

  /** Pictures in the run under way. */
  get batchSize(): number {
    return this.batch.length;
  }

  get running(): boolean {
    return this.run !== undefined;
  }

  /** The pictures that "Upscale" would work on: those without a result for the settings as they are. */
  get pending(): readonly Item[] {
    return this.items.filter((item) => !item.result || item.madeWith !== this.key);
  }

  /** The scales that the model makes: what restores can leave the size as it is. */
  get scales(): readonly number[] {
    return this.restores ? [1, ...SCALES] : SCALES;
  }

  /** How much the model denoises unless it is told, 0 to 1. */
  get usualDenoise(): number {
    return this.restores ? 1 : 0;
  }

  private get restores(): boolean {
    return this.models.some(({ name, scale }) => name === this.settings.model && scale === 1);
  }

  /** How much of the run is done, 0 to 1. */
  get overall(): number {
    const sum = this.batch.reduce((total, item) => total + fraction(item), 0);
    return this.batch.length > 0 ? sum / this.batch.length : 0;
  }

  /** Seconds left for the whole run; files to come are taken to cost what this one costs per pixel. */
  get secondsLeft(): number | undefined {
    const current = this.batch.find((item) => item.state === 'working');
    if (current?.left === undefined || !current.progress) return undefined;
    const pixels = (item: Item): number => item.width * item.height;
    const perPixel = (current.progress.seconds + current.left) / Math.max(1, pixels(current));
    const rest = this.batch.filter((item) => item.state === 'waiting').reduce((sum, item) => sum + pixels(item), 0);
    return current.left + rest * perPixel;
  }

  add(files: Iterable<File>): void {
    const added = [...files].map(newItem);
    if (added.length === 0) return;
    this.items.push(...added);
    this.selected = this.running ? (this.selected ?? added[0]) : added[0];
    for (const item of added) void this.look(item);
    this.expect();
    this.say(added.length === 1 ? `${added[0]?.file.name} was added.` : `${added.length} pictures were added.`);
  }

  remove(item: Item): void {
    if (item.state === 'working') return;
    const index = this.items.indexOf(item);
    if (index < 0) return;
    this.items.splice(index, 1);
    if (item.picture) URL.revokeObjectURL(item.picture);
    forget(item);
    if (this.selected === item) this.selected = this.items[Math.min(index, this.items.length - 1)];
    this.say(`${item.file.name} was removed.`);
  }

  select(item: Item): void {
    this.selected = item;
    void this.plan();
    this.changed();
  }

  showMap(shown: boolean): void {
    this.mapShown = shown;
    this.changed();
  }

  set(settings: Partial<Settings>): void {
    Object.assign(this.settings, settings);
    if (this.settings.scale === 1 && !this.scales.includes(1)) this.settings.scale = 2;
    // The selected picture's is replaced below, without a gap in what is shown.
    for (const item of this.items) if (item !== this.selected) Object.assign(item, { planned: undefined, forecast: undefined, planProblem: '' });
    // Another engine has to start first; what it needs is asked for then.
    if (settings.backend === undefined) this.expect();
    void this.plan();
    this.changed();
  }

  /** Starts another engine; what it says about itself goes to the status line. */
  async chooseEngine(backend: BackendChoice): Promise<void> {
    this.stopTiming();
    this.set({ backend });
    this.hasten();
    this.engine = undefined;
    this.engineProblem = undefined;
    this.changed();
    try {
      const upscaler = await this.open();
      const engine = await upscaler.useEngine(backend);
      // Another one was chosen meanwhile.
      if (this.settings.backend !== backend) return;
      this.engine = engine;
      this.engineProblem = undefined;
      this.expect();
      void this.plan();
    } catch (error) {
      if (this.settings.backend === backend) this.engineProblem = problemOf(error);
    }
    this.changed();
  }

  /** Adds a network of the user's own and chooses it. */
  async addModel(file: File): Promise<void> {
    this.engineProblem = undefined;
    try {
      const upscaler = await this.open();
      const entry = await upscaler.addModel(file);
      this.models = upscaler.models();
      this.set({ model: entry.id, ...(SCALES.includes(entry.scale) ? { scale: entry.scale } : {}) });
      this.say(`The network ${entry.name} was added.`);
    } catch (error) {
      this.engineProblem = `${file.name}: ${problemOf(error)}`;
      this.changed();
    }
  }

  /** Loads the engine ahead of the first picture, for the status line. */
  async warm(): Promise<void> {
    await this.open().catch(() => {});
  }

  /** Resolves when nothing has been added and nothing has run for a moment. */
  async idle(): Promise<void> {
    let quiet = false;
    while (!quiet) {
      const before = this.items.length;
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
      quiet = !this.running && this.items.length === before;
    }
  }

  /** Enlarges what is pending, one picture after the other. A broken one does not stop the rest. */
  async upscale(): Promise<void> {
    if (this.run) return;
    this.batch = this.pending;
    if (this.batch.length === 0) return;
    const run = new AbortController();
    this.run = run;
    this.stopTiming();
    for (const item of this.batch) prepare(item);
    this.changed();
    try {
      this.chosen = await this.chooseFile();
      const upscaler = await orAborted(this.open(), run.signal);
      for (const item of this.batch) {
        if (run.signal.aborted) break;
        if (this.items.includes(item)) await this.one(upscaler, item, run.signal);
      }
    } catch (error) {
      if (error instanceof Dismissed) this.say('Nothing was started: no file was chosen for the result.');
      else if (!run.signal.aborted) this.say('The engine could not be started.');
    } finally {
      for (const item of this.batch) if (item.state === 'waiting') putBack(item);
      // Nothing was written where the engine did not start.
      if (this.chosen) void removeEmpty(this.chosen);
      this.chosen = undefined;
      this.run = undefined;
      void this.plan();
      this.changed();
    }
  }

  /** The file for a picture that is alone in its run, where the user wants to choose one or the result will be huge. */
  private async chooseFile(): Promise<FileSystemFileHandle | undefined> {
    const [item, ...others] = this.batch;
    if (!item || others.length > 0 || !canChooseFile()) return undefined;
    // One that is not looked at may have no plan for the settings as they are.
    if (!item.planned && this.engine) await this.plan(item);
    if (!item.planned) return undefined;
    const { type, direct } = this.settings;
    if (!direct && (item.forecast?.bytes ?? 0) < HUGE_BYTES) return undefined;
    const { width, height } = item.planned;
    return chooseFile(resultName(item.file.name, { width, height, report: { scale: width / item.width } }, type));
  }

  /** Hands a result to the browser's downloads. */
  save(item: Item): void {
    if (!item.result) return;
    save(item.result.blob, item.result.name);
  }

  cancel(): void {
    this.run?.abort();
    this.say('Cancelled.');
  }

  /** Has the engine fetch what the pictures will need, while the settings are still being looked at. */
  private expect(): void {
    const needed = { model: this.settings.model, ...sizeOptions(this.settings) };
    if (this.items.length > 0) void this.upscaler?.then((upscaler) => upscaler.ready(needed), () => {});
    this.hasten();
  }

  /** Starts a second worker for a picture that the processor will probably enlarge, while the engine is still starting in the first. */
  private hasten(): void {
    const { backend } = this.settings;
    const onProcessor = backend === 'simd' || (backend === 'auto' && !('gpu' in navigator));
    if (this.hastened || this.engine || this.items.length === 0 || !onProcessor || defaultWorkers() < 2) return;
    this.hastened = true;
    startAhead(assetBase, 'compute');
  }

  private get key(): string {
    return JSON.stringify(optionsOf(this.settings));
  }

  private async one(upscaler: Upscaler, item: Item, signal: AbortSignal): Promise<void> {
    const options = optionsOf(this.settings);
    const key = this.key;
    const estimate = new Estimate();
    let began = 0;
    let ended = 0;
    item.state = 'working';
    if (this.batch.length > 1) {
      this.selected = item;
      void this.plan();
    }
    this.changed();
    const onProgress = (progress: Progress): void => {
      // What arrives when the run is over says nothing of the picture any more.
      if (this.run?.signal !== signal || item.state !== 'working') return;
      item.progress = progress;
      item.size = progress.size ?? item.size;
      if (progress.tile) item.tiles.push(progress.tile);
      if (progress.phase === 'upscale') {
        if (progress.done === 0) began = progress.seconds;
        ended = progress.seconds;
        if (progress.done > 0) estimate.push(progress.seconds);
        item.left = estimate.left(progress.total - progress.done);
      }
      this.dispatchEvent(new CustomEvent('tile', { detail: { item, progress } }));
      this.changed();
    };
    try {
      const result = await upscaler.upscale(item.file, { ...options, ...(this.chosen ? { sink: this.chosen } : {}), signal, onProgress });
      complete(item, result, this.chosen?.name ?? '', key);
      if (result.report.kind) item.kind = Promise.resolve(result.report.kind);
      if (isLarge(result)) void this.cut(upscaler, item, result);
      this.note(item, ended - began);
      this.engine = upscaler.engine;
      this.say(`${item.file.name} is done: ${result.width} by ${result.height} pixels.`);
    } catch (error) {
      item.progress = undefined;
      if (signal.aborted) {
        putBack(item);
      } else {
        item.state = 'failed';
        item.problem = problemOf(error);
        this.say(`${item.file.name} failed. ${item.problem}`);
      }
    }
    this.changed();
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
    this.changed();
  }

  /** What a picture of some size took says what others will take. */
  private note({ planned, result, width, height }: Item, seconds: number): void {
    const { backend = '', tiles = 0 } = result?.report ?? {};
    if (planned && tiles >= TELLING_TILES) this.paces.note(backend, passesOf(planned.passes, this.models, width, height), seconds);
  }

  /** The engine, started once. A failed start is told and not remembered. */
  private open(): Promise<Upscaler> {
    if (this.upscaler) return this.upscaler;
    this.engineProblem = undefined;
    const opening = createUpscaler({ backend: this.settings.backend, assetBase });
    this.upscaler = opening;
    // What there is to choose from is known before an engine is; who fails to read it is the upscaler.
    void manifestOf(assetBase).then(({ models }) => {
      if (this.models.length === 0) this.models = models;
      this.changed();
    }, () => {});
    opening.then(
      (upscaler) => {
        this.engine = upscaler.engine;
        this.models = upscaler.models();
        this.set({});
      },
      (error: unknown) => {
        this.upscaler = undefined;
        this.engineProblem = problemOf(error);
        this.changed();
      },
    );
    return opening;
  }

  /** Finds something to show for a picture, and its size. */
  private async look(item: Item): Promise<void> {
    const url = URL.createObjectURL(item.file);
    try {
      await this.measure(item, url);
    } catch {
      URL.revokeObjectURL(url);
      try {
        const preview = await (await this.open()).preview(item.file, PREVIEW_SIDE);
        await this.measure(item, URL.createObjectURL(preview.blob));
        item.width = preview.width;
        item.height = preview.height;
      } catch {
        // Whether the file is broken is the decoder's to say, when the picture's turn comes.
        item.picture = '';
      }
    }
    void this.plan();
    this.changed();
  }

  /** Asks what size a picture will get with the settings as they are. */
  private async plan(item = this.selected): Promise<void> {
    const asked = (this.plans += 1);
    if (!item || item.width === 0 || !this.upscaler) return;
    let planned: PlannedSize | undefined;
    let costs: Forecast | undefined;
    let problem = '';
    try {
      const upscaler = await this.upscaler;
      const { type, quality } = this.settings;
      const kind = this.settings.model === 'auto' ? await this.kindOf(item, upscaler) : undefined;
      planned = await upscaler.plan({ width: item.width, height: item.height, kind }, { model: this.settings.model, output: { type, quality }, ...sizeOptions(this.settings) });
      if (planned) {
        const { backend, workers } = this.engine ?? upscaler.engine;
        costs = await forecast({ width: item.width, height: item.height, kind, planned, settings: { ...this.settings }, backend, workers }, upscaler, this.paces);
        void this.time(upscaler, planned);
      }
    } catch (error) {
      problem = problemOf(error);
    }
    // Settings that changed meanwhile have asked anew.
    if (asked !== this.plans) return;
    item.takenFor = await item.kind;
    item.planned = planned;
    item.forecast = costs;
    item.planProblem = problem;
    this.changed();
  }

  /** What a picture shows; not of one so large that the work would be felt. */
  private kindOf(item: Item, upscaler: Upscaler): Promise<Kind | undefined> {
    if (item.width * item.height > MOST_GUESSED_PIXELS) return Promise.resolve(undefined);
    item.kind ??= this.guess(item, upscaler);
    return item.kind;
  }

  /** Decodes the picture, for which a run would have to wait: that one tells what it took the picture for. */
  private async guess(item: Item, upscaler: Upscaler): Promise<Kind | undefined> {
    await new Promise((resolve) => setTimeout(resolve, GUESSING_MS));
    if (this.settings.model === 'auto' && !this.running) return upscaler.kind(item.file).catch(() => undefined);
    item.kind = undefined;
    return undefined;
  }

  /** Times the networks of a plan on a small picture, once the page has been left alone for a moment and if nothing is known of them. */
  private async time(upscaler: Upscaler, { passes }: PlannedSize): Promise<void> {
    const backend = this.engine?.backend;
    const key = `${backend} ${passes.join(' ')}`;
    if (!backend || passes.length === 0 || isSlower(backend) || this.timed.has(key) || this.paces.knows(backend, passesOf(passes, this.models, 1, 1))) return;
    this.timed.add(key);
    const { signal } = this.timing;
    // What gives way to a picture may be timed later.
    signal.addEventListener('abort', () => this.timed.delete(key), { once: true });
    await this.idle();
    for (const id of new Set(passes)) {
      // The second time counts: the first one also compiles and starts workers.
      for (const counts of [false, true]) {
        if (signal.aborted) return;
        const file = await timingPicture(TIMING_SIDE);
        await upscaler.upscale(file, { model: id, sink: 'memory', signal, ...this.timingOptions(upscaler, id, counts) }).catch(() => {});
      }
    }
    void this.plan();
  }

  /** Makes way for what the user wants. */
  private stopTiming(): void {
    this.timing.abort();
    this.timing = new AbortController();
  }

  private timingOptions(upscaler: Upscaler, id: string, counts: boolean): Pick<UpscaleOptions, 'scale' | 'variant' | 'onProgress'> {
    const entry = this.models.find((model) => model.id === id);
    let began = 0;
    const onProgress = ({ phase, done, total, seconds }: Progress): void => {
      if (phase !== 'upscale') return;
      if (done === 0) began = seconds;
      if (counts && done === total) this.paces.note(upscaler.engine.backend, passesOf([id], this.models, TIMING_SIDE, TIMING_SIDE), seconds - began);
    };
    return { scale: entry?.scale ?? 4, ...(entry?.variant ? { variant: entry.variant } : {}), onProgress };
  }

  private async measure(item: Item, url: string): Promise<void> {
    const image = new Image();
    image.src = url;
    await image.decode();
    item.picture = url;
    item.width = image.naturalWidth;
    item.height = image.naturalHeight;
  }

  private say(text: string): void {
    this.announcement = text;
    this.changed();
  }

  private changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}
