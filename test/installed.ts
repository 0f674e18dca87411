import { spawnSync } from 'node:child_process'

/** Whether the `openssl` command is missing here: tests that ask it are then skipped by name. CI has it. */
export const noOpenssl = spawnSync('openssl', ['version'], { stdio: 'ignore' }).error !== undefined
