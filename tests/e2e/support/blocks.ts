import type { Page } from '@playwright/test';

/** Longest time that the main thread may be busy, in milliseconds. */
export const BLOCK = 100;

/** Has every page that is opened from here on keep the times for which its main thread was blocked. */
export async function watchBlocks(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const blocks: number[] = ((globalThis as { blocks?: number[] }).blocks = []);
    new PerformanceObserver((list) => blocks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' });
  });
}

/** Forgets the blocks so far. */
export async function forgetBlocks(page: Page): Promise<void> {
  await page.evaluate(() => ((globalThis as { blocks?: number[] }).blocks ?? []).splice(0));
}

/** The longest block since, in milliseconds. */
export function longestBlock(page: Page): Promise<number> {
  return page.evaluate(() => Math.max(0, ...((globalThis as { blocks?: number[] }).blocks ?? [])));
}
