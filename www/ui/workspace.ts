import { manifestOf } from '../lib/ahead.js';
import { defaultWorkers, startAhead } from '../lib/spawn.js';
import type { Upscaler } from '../lib/types.js';
import { createUpscaler } from '../lib/upscaler.js';
import type { ModelEntry } from '../shared/manifest.js';
import type { BackendChoice, EngineReport, Progress } from '../shared/protocol.js';
import { Batch } from './batch.js';
import { Forecasts } from './forecasts.js';
import { forget, newItem, problemOf, type Item } from './item.js';
import { assetBase } from './place.js';
import { save } from './save.js';
import { initialSettings, optionsOf, SCALES, type Finish, type Settings } from './settings.js';

/** How long the page is left alone before it fetches what only later visits need, in milliseconds. */
const QUIET_MS = 1000;
/** Side of the preview of a file that the browser cannot show, in pixels. */
const PREVIEW_SIDE = 2048;

/** Everything on the page that is not drawing: the pictures, the settings, the engine. */
export class Workspace extends EventTarget {
  readonly items: Item[] = [];
  readonly settings: Settings = initialSettings();
  readonly batch: Batch = new Batch(this);
  selected: Item | undefined;
  models: readonly ModelEntry[] = [];
  /** Whether the fidelity map lies over results. */
  mapShown = false;
  engine: EngineReport | undefined;
  /** Why there is no engine. */
  engineProblem: string | undefined;
  /** What a screen reader is told. */
  announcement = '';
  private readonly forecasts = new Forecasts(this);
  private upscaler: Promise<Upscaler> | undefined;
  private hastened = false;

  get running(): boolean {
    return this.batch.running;
  }

  /** The settings as one text: results that were made with others are out of date. */
  get key(): string {
    return JSON.stringify(optionsOf(this.settings));
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
    for (const item of this.items) if (item !== this.selected) Object.assign(item, { planned: undefined, planProblem: '' });
    // Another engine has to start first; what it needs is asked for then.
    if (settings.backend === undefined) this.expect();
    void this.plan();
    this.changed();
  }

  /** Changes what is done besides enlarging. */
  finish(change: Finish): void {
    // What is as usual is left out, so that settings that were changed and changed back are the same ones.
    const finish = Object.entries({ ...this.settings.finish, ...change }).filter(([key, value]) => value !== null && (Boolean(value) || key === 'denoise'));
    this.set({ finish: Object.fromEntries(finish) as Finish });
  }

  /** Starts another engine; what it says about itself goes to the status line. */
  async chooseEngine(backend: BackendChoice): Promise<void> {
    this.forecasts.stopTiming();
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

  /** Enlarges what is pending. */
  async upscale(): Promise<void> {
    this.forecasts.stopTiming();
    await this.batch.start(this.pending);
    void this.plan();
    this.changed();
  }

  cancel(): void {
    this.batch.cancel();
    this.say('Cancelled.');
  }

  /** Hands a result to the browser's downloads. */
  save(item: Item): void {
    if (!item.result) return;
    save(item.result.blob, item.result.name);
  }

  holds(item: Item): boolean {
    return this.items.includes(item);
  }

  begins(item: Item): void {
    if (this.batch.size > 1) {
      this.selected = item;
      void this.plan();
    }
    this.changed();
  }

  heard(item: Item, progress: Progress): void {
    this.dispatchEvent(new CustomEvent('tile', { detail: { item, progress } }));
    this.changed();
  }

  ended(item: Item, upscaler: Upscaler, seconds: number): void {
    this.forecasts.note(item, seconds);
    this.engine = upscaler.engine;
  }

  /** Asks what a picture will become with the settings as they are. */
  plan(item = this.selected): Promise<void> {
    return this.forecasts.plan(item, this.upscaler);
  }

  say(text: string): void {
    this.announcement = text;
    this.changed();
  }

  changed(): void {
    this.dispatchEvent(new Event('change'));
  }

  /** Has the engine fetch what the pictures will need, while the settings are still being looked at. */
  private expect(): void {
    const needed = optionsOf(this.settings);
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

  /** The engine, started once. A failed start is told and not remembered. */
  open(): Promise<Upscaler> {
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

  private async measure(item: Item, url: string): Promise<void> {
    const image = new Image();
    image.src = url;
    await image.decode();
    item.picture = url;
    item.width = image.naturalWidth;
    item.height = image.naturalHeight;
  }
}
