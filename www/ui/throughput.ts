import type { Plan } from '../shared/protocol.js';

const KEY = 'inlarge-throughput';
/** Share of a new measurement in what is remembered: one busy moment must not speak for all. */
const FRESH = 0.5;

/** Seconds for each multiply-add, by engine and network, as this device has shown them. Kept for later visits. */
export class Throughput {
  private readonly known: Map<string, number>;

  constructor() {
    this.known = new Map(Object.entries(read()));
  }

  /** What is known of an engine, by network. */
  of(backend: string): Record<string, number> {
    const start = `${backend} `;
    return Object.fromEntries([...this.known].flatMap(([key, seconds]) => (key.startsWith(start) ? [[key.slice(start.length), seconds]] : [])));
  }

  knows(backend: string, { passes }: Pick<Plan, 'passes'>): boolean {
    return passes.every((id) => this.known.has(`${backend} ${id}`));
  }

  /** The passes of a plan took `seconds` together. */
  note(backend: string, { passes, work }: Pick<Plan, 'passes' | 'work'>, seconds: number): void {
    const all = work.reduce((sum, one) => sum + one, 0);
    if (all === 0 || !(seconds > 0)) return;
    for (const id of passes) {
      const key = `${backend} ${id}`;
      const before = this.known.get(key);
      const now = seconds / all;
      this.known.set(key, before === undefined ? now : before + FRESH * (now - before));
    }
    try {
      localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(this.known)));
    } catch {
      // Without storage it is measured again at the next visit.
    }
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
