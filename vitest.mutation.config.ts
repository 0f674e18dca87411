import { defineConfig } from 'vitest/config'

/**
 * For mutation testing alone: tests of the core, in Node. The sandbox that mutants live in has
 * neither the suites beside the project nor a need to start workerd for each of thousands.
 */
export default defineConfig({
  test: {
    include: ['test/shared/**/*.test.ts'],
    // One worker for the test files of a mutant, and a fresh one for the next mutant: a fifth less of
    // processor time than a worker a file, and the same verdicts (compared on 265 mutants).
    isolate: false,
    // The machine is busy with mutants, which have a limit of their own: only a hanging test is stopped.
    testTimeout: 120_000,
    // Properties run hundreds of verifications each: they find what tables miss, slowly.
    exclude: ['test/shared/properties/**', 'test/shared/dos/**'],
  },
})
