import { defineConfig } from '@playwright/test';
import { CHROMIUM_ARGUMENTS, fromXtask, SITE_PORT } from './support/environment.ts';

/**
 * Against `dist/` as `cargo xtask serve` serves it, in the system's Chromium. WebGPU runs on SwiftShader: the same on
 * every machine, and slow, hence the limits.
 */
export default defineConfig({
  testDir: '.',
  outputDir: '../../test-results',
  workers: 1,
  forbidOnly: true,
  retries: 0,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: [['list'], ['./support/reporter.ts']],
  use: {
    baseURL: `http://127.0.0.1:${SITE_PORT}/`,
    browserName: 'chromium',
    viewport: { width: 1280, height: 800 },
    screenshot: 'only-on-failure',
    launchOptions: { executablePath: fromXtask('CHROMIUM'), args: CHROMIUM_ARGUMENTS },
  },
  webServer: {
    command: `"${fromXtask('INLARGE_XTASK')}" serve --no-build --port ${SITE_PORT}`,
    url: `http://127.0.0.1:${SITE_PORT}/`,
    reuseExistingServer: false,
  },
});
