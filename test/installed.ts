import { spawnSync } from 'node:child_process'
import { test } from 'vitest'

/** Whether this machine has a program that a test compares with. CI installs them all. */
export function isInstalled(program: string): boolean {
  return spawnSync(program, ['version'], { stdio: 'ignore' }).error === undefined
}

/** Tests that ask the `openssl` command: skipped by name where there is none. */
export const testWithOpenssl = test.skipIf(!isInstalled('openssl'))
