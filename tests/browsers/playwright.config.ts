import { defineConfig } from '@playwright/test';
import { fromXtask, SITE_PORT } from '../e2e/support/environment.ts';

/**
 * The same page in browsers that Playwright does not drive as systems install them. Playwright is only the runner here: Firefox
 * is driven by puppeteer over WebDriver BiDi, WebKitGTK by its own WebDriver. WebKitGTK exists on Linux alone.
 */
export default defineConfig({
  testDir: '.',
  testMatch: process.platform === 'linux' ? ['*.spec.ts'] : ['firefox.spec.ts'],
  outputDir: '../../test-results',
  workers: 1,
  forbidOnly: true,
  retries: 0,
  timeout: 300_000,
  reporter: [['list'], ['../e2e/support/reporter.ts']],
  webServer: {
    command: `"${fromXtask('INLARGE_XTASK')}" serve --no-build --port ${SITE_PORT}`,
    url: `http://127.0.0.1:${SITE_PORT}/`,
    reuseExistingServer: false,
  },
});
