import baseConfig from '@jupyterlab/galata/lib/playwright-config';
import { defineConfig } from '@playwright/test';

export default defineConfig({
  ...baseConfig,
  testDir: '.',
  // A Lab of another kind has tests of its own.
  testMatch: process.env.SPECS ? process.env.SPECS.split(' ') : '*.spec.ts',
  testIgnore: [
    ...(process.env.SPECS ? [] : ['smoke.spec.ts', 'states.spec.ts']),
    // It makes pictures for the documentation, and tests nothing of its own.
    ...(process.env.SCREENSHOTS ? [] : ['pictures.spec.ts'])
  ],
  workers: 1,
  retries: 0,
  timeout: 240_000,
  expect: {
    timeout: 30_000,
    // The fonts are those that `make install` brings; their edges may come out a little otherwise. A word that
    // changes is more than that.
    toHaveScreenshot: {
      threshold: 0.3,
      maxDiffPixelRatio: 0.004,
      animations: 'disabled'
    }
  },
  snapshotPathTemplate: '{testDir}/looks/{arg}{ext}',
  reporter: [['list']],
  use: {
    ...baseConfig.use,
    baseURL: process.env.TARGET_URL,
    viewport: { width: 1440, height: 900 },
    // Galata's default needs a video encoder that only the browser vendor's download brings.
    video: 'off',
    actionTimeout: 30_000,
    trace: 'off',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync'
      ]
    }
  }
});
