import type { Upscaler } from '../lib/types.js';
import type { Kind } from '../shared/manifest.js';
import { isSlower, type EngineReport, type Plan } from '../shared/protocol.js';
import { problemOf, type Item } from './item.js';
import { optionsOf, type Settings } from './settings.js';
import { Throughput } from './throughput.js';
import { timeNetwork } from './timing.js';

/** Largest picture that is decoded to see what it shows, before it is its turn. */
const MOST_GUESSED_PIXELS = 24e6;
/** How long the settings are left alone before that, in milliseconds. */
const GUESSING_MS = 100;
/** Tiles of a picture whose time counts; of fewer, the start is too large a part. */
const TELLING_TILES = 4;

/** What forecasts ask of the page. */
export interface Situation {
  readonly settings: Settings;
  readonly engine: EngineReport | undefined;
  readonly running: boolean;
  /** Resolves when the page has been left alone for a moment. */
  idle(): Promise<void>;
  changed(): void;
}

/** What pictures will become and cost, asked anew whenever the settings change. */
export class Forecasts {
  private readonly situation: Situation;
  private asked = 0;
  private readonly throughput = new Throughput();
  /** Engines and plans that were timed, or are being timed, in this visit. */
  private readonly timed = new Set<string>();
  /** Stops the timing under way, or about to be. */
  private timing = new AbortController();

  constructor(situation: Situation) {
    this.situation = situation;
  }

  /** Asks what a picture will become with the settings as they are. */
  async plan(item: Item | undefined, upscaler: Promise<Upscaler> | undefined): Promise<void> {
    const asked = (this.asked += 1);
    if (!item || item.width === 0 || !upscaler) return;
    let planned: Plan | undefined;
    let problem = '';
    try {
      planned = await this.ask(item, await upscaler);
    } catch (error) {
      problem = problemOf(error);
    }
    // Settings that changed meanwhile have asked anew.
    if (asked !== this.asked) return;
    item.takenFor = await item.kind;
    item.planned = planned;
    item.planProblem = problem;
    this.situation.changed();
  }

  private async ask(item: Item, upscaler: Upscaler): Promise<Plan | undefined> {
    const { settings, engine = upscaler.engine } = this.situation;
    const options = optionsOf(settings);
    const kind = options.model === 'auto' ? await this.kindOf(item, upscaler) : undefined;
    const { width, height, file } = item;
    const machine = { workers: engine.workers, throughput: this.throughput.of(engine.backend), freeBytes: await freeBytes() };
    const planned = await upscaler.plan({ width, height, kind, name: file.name }, options, machine);
    if (planned) void this.time(item, upscaler, planned);
    return planned;
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
    const { settings, running } = this.situation;
    if (settings.model === 'auto' && !running) return upscaler.kind(item.file).catch(() => undefined);
    item.kind = undefined;
    return undefined;
  }

  /** Times the networks of a plan, once the page has been left alone for a moment and if nothing is known of them. */
  private async time(item: Item, upscaler: Upscaler, planned: Plan): Promise<void> {
    const backend = this.situation.engine?.backend;
    const key = `${backend} ${planned.passes.join(' ')}`;
    if (!backend || planned.passes.length === 0 || isSlower(backend) || this.timed.has(key) || this.throughput.knows(backend, planned)) return;
    this.timed.add(key);
    const { signal } = this.timing;
    // What gives way to a picture may be timed later.
    signal.addEventListener('abort', () => this.timed.delete(key), { once: true });
    await this.situation.idle();
    for (const id of new Set(planned.passes)) await timeNetwork(upscaler, id, this.throughput, signal);
    void this.plan(item, Promise.resolve(upscaler));
  }

  /** Makes way for what the user wants. */
  stopTiming(): void {
    this.timing.abort();
    this.timing = new AbortController();
  }

  /** What a picture took says what others will take. */
  note({ planned, result }: Item, seconds: number): void {
    const { backend = '', tiles = 0 } = result?.report ?? {};
    if (planned && tiles >= TELLING_TILES) this.throughput.note(backend, planned, seconds);
  }
}

/** Bytes that the browser has room for; null where it does not tell. */
async function freeBytes(): Promise<number | null> {
  try {
    const { quota, usage } = await navigator.storage.estimate();
    return quota === undefined ? null : quota - (usage ?? 0);
  } catch {
    return null;
  }
}
