/** Completions between two instants that are compared: several workers finish their tiles in bursts. */
const SPAN = 8;
/** Rates whose median counts. */
const RECENT = 15;

/**
 * Estimates the time that is left from the tiles that are done: the median time per tile of the recent ones, so that a
 * slow first tile or one hiccup does not speak for the rest. Says nothing before three tiles are done.
 */
export class Estimate {
  private readonly times: number[] = [];

  /** A tile was done `seconds` after the start. */
  push(seconds: number): void {
    this.times.push(seconds);
    if (this.times.length > SPAN + RECENT) this.times.shift();
  }

  /** Seconds for `tiles` more tiles; undefined while it would be a guess. */
  left(tiles: number): number | undefined {
    const count = this.times.length;
    if (count < 3) return undefined;
    const span = Math.min(SPAN, count - 1);
    const rates: number[] = [];
    for (let end = count - 1; end >= span && rates.length < RECENT; end -= 1) {
      rates.push(((this.times[end] ?? 0) - (this.times[end - span] ?? 0)) / span);
    }
    rates.sort((a, b) => a - b);
    const middle = rates[Math.floor(rates.length / 2)];
    return middle === undefined ? undefined : middle * tiles;
  }
}

/** "about 20 s left", rounded as coarsely as the estimate is. */
export function roughly(seconds: number): string {
  return `${about(seconds)} left`;
}

/** "about 20 s", rounded as coarsely as the estimate is. */
export function about(seconds: number): string {
  if (seconds < 1.5) return 'a moment';
  if (seconds < 10) return `about ${Math.round(seconds)} s`;
  if (seconds < 55) return `about ${Math.round(seconds / 5) * 5} s`;
  if (seconds < 3300) return `about ${Math.max(1, Math.round(seconds / 60))} min`;
  return `about ${(seconds / 3600).toFixed(1)} h`;
}
