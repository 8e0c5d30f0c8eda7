import type { ModelEntry } from '../shared/manifest.js';

const KEY = 'inlarge-paces';
/** Share of a new measurement in what is remembered: one busy moment must not speak for all. */
const FRESH = 0.5;

/** A network's pass over a picture. */
export interface Pass {
  readonly id: string;
  /** Multiply-adds. */
  readonly work: number;
}

/** Passes that take a picture of `width` x `height` through the networks `ids`, with their work. */
export function passesOf(ids: readonly string[], models: readonly ModelEntry[], width: number, height: number): Pass[] {
  let pixels = width * height;
  return ids.flatMap((id) => {
    const entry = models.find((model) => model.id === id);
    if (!entry) return [];
    pixels *= entry.scale ** 2;
    return { id, work: pixels * Number(entry['macs_per_output_pixel'] ?? 1e4) };
  });
}

/** Seconds for each multiply-add, by engine and network, as this device has shown them. Kept for later visits. */
export class Paces {
  private readonly known: Map<string, number>;

  constructor() {
    this.known = new Map(Object.entries(read()));
  }

  knows(backend: string, passes: readonly Pass[]): boolean {
    return passes.every(({ id }) => this.known.has(`${backend} ${id}`));
  }

  /** The passes took `seconds` together. */
  note(backend: string, passes: readonly Pass[], seconds: number): void {
    const work = passes.reduce((sum, pass) => sum + pass.work, 0);
    if (work === 0 || !(seconds > 0)) return;
    for (const { id } of passes) {
      const key = `${backend} ${id}`;
      const before = this.known.get(key);
      const now = seconds / work;
      this.known.set(key, before === undefined ? now : before + FRESH * (now - before));
    }
    try {
      localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(this.known)));
    } catch {
      // Without storage it is measured again at the next visit.
    }
  }

  /** Seconds for the passes; a network that was never timed is taken to be as fast as the others on this engine. */
  seconds(backend: string, passes: readonly Pass[]): number | undefined {
    const others = [...this.known].filter(([key]) => key.startsWith(`${backend} `)).map(([, pace]) => pace);
    if (passes.length > 0 && others.length === 0) return undefined;
    const usual = others.reduce((sum, pace) => sum + pace, 0) / Math.max(1, others.length);
    return passes.reduce((sum, { id, work }) => sum + work * (this.known.get(`${backend} ${id}`) ?? usual), 0);
  }
}

function read(): Record<string, number> {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    const pairs = Object.entries(stored ?? {}).filter((pair): pair is [string, number] => typeof pair[1] === 'number' && pair[1] > 0);
    return Object.fromEntries(pairs);
  } catch {
    return {};
  }
}
