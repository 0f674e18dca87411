import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bothAnchorsPem, faults, good, ofNextRoot, revoked } from './publisher.ts'
import { isMissing, openServer, removeFolders, type CrlServer, type Stage } from './servers.ts'

/**
 * The tests of one server, each with a server of its own, which has a list in force; skipped by name
 * where the program is not installed.
 *
 * @param tell what it does under the faults; the server that a test has is asked for in the test
 */
export function describeServer(server: CrlServer, tell: (stage: () => Stage) => void): void {
  afterAll(removeFolders)
  describe.skipIf(isMissing(server.program)).for([server.program])(
    '%s',
    { timeout: 30_000 },
    () => {
      let stage: Stage
      beforeEach(async () => {
        stage = await openServer(server)
      })
      afterEach(() => stage.stop())

      test('a list in force: the revoked device is out', async () => {
        expect(await stage.knocks()).toEqual(['in', 'out'])
      })

      tell(() => stage)
    },
  )
}

/**
 * What it says of a device of the next root, whether it takes that among its anchors, and what it says
 * of that device, the good one and the revoked one from then on.
 */
export async function withNextRoot(stage: Stage): Promise<readonly string[]> {
  const before = await stage.knock(ofNextRoot.shown)
  const taken = await stage.trust(bothAnchorsPem)
  return [before, taken, await stage.knock(ofNextRoot.shown), ...(await stage.knocks())]
}

/**
 * What it says of the revoked device, what another server with an older list says of it, and what that
 * one says of the good device.
 */
export async function besideAnother(stage: Stage, server: CrlServer): Promise<readonly string[]> {
  const other = await openServer(server, faults.C9)
  try {
    const own = await stage.knock(revoked.shown)
    return [own, await other.knock(revoked.shown), await other.knock(good.shown)]
  } finally {
    await other.stop()
  }
}
