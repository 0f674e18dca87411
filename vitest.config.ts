import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

/** Nothing is fetched, reported or logged by the runtime under test; an outer setting wins. */
const quiet = {
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  DO_NOT_TRACK: '1',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_LOG: 'warn',
  WRANGLER_WRITE_LOGS: 'false',
  X_LOCAL_EXPLORER: 'false',
  X_LOCAL_OBSERVABILITY: 'false',
}

for (const [name, setting] of Object.entries(quiet)) process.env[name] ??= setting

/**
 * Two projects, one run: everything in Node, and what tests the core once more inside workerd,
 * because it is there that it decides in production.
 */
export default defineConfig({
  test: {
    // By itself Vitest leaves a core free. Tests here wait for other programs half of their time.
    maxWorkers: 2,
    // Nothing here is timed: on a busy machine a test may wait long for another program to begin.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/workerd-only/**'],
        },
      },
      {
        extends: true,
        plugins: [cloudflareTest({ miniflare: { compatibilityDate: '2026-10-15' } })],
        test: {
          name: 'workerd',
          // One isolate for all files: these tests keep nothing between them, and starting one costs more.
          isolate: false,
          include: [
            'test/shared/**/*.test.ts',
            'test/workerd-only/**/*.test.ts',
            'test/edge/runtime-verifier.test.ts',
          ],
        },
      },
    ],
  },
})
