import { defineConfig } from 'vitest/config'

/** `npm run interop:step-ca`: no part of `npm test`, since a step-ca takes a minute to build. */
export default defineConfig({
  root: `${import.meta.dirname}/../../..`,
  test: { include: ['test/interop/step-ca/signs.ts'] },
})
