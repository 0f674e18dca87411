import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'

/**
 * Two projects, one run: everything in Node, and what tests the core once more inside workerd,
 * because it is there that it decides in production.
 */
export default defineConfig({
  test: {
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
        plugins: [
          cloudflareTest({
            miniflare: { compatibilityDate: '2026-10-15' },
          }),
        ],
        test: {
          name: 'workerd',
          include: ['test/shared/**/*.test.ts', 'test/workerd-only/**/*.test.ts'],
        },
      },
    ],
  },
})
