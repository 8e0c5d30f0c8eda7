import type { FullConfig, FullResult, Reporter, TestCase, TestResult } from '@playwright/test/reporter';

/** Prints the annotations of type `used` at the end: every browser and adapter that the tests ran on. */
export default class UsedReporter implements Reporter {
  private readonly used = new Set<string>();
  private skipped = 0;

  onBegin(_config: FullConfig): void {
    this.used.clear();
  }

  onTestEnd(_test: TestCase, result: TestResult): void {
    for (const { type, description } of result.annotations) if (type === 'used' && description) this.used.add(description);
    if (result.status === 'skipped') this.skipped += 1;
  }

  /** A test that did not run shows nothing, so it fails the run. */
  onEnd(): Promise<{ status?: FullResult['status'] } | undefined> {
    for (const line of this.used) console.log(`used: ${line}`);
    return Promise.resolve(this.skipped > 0 ? { status: 'failed' } : undefined);
  }
}
