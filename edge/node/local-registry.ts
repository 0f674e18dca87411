import * as nodeCrypto from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createNodeVerifier } from '#shared/x509/node-verifier.ts'
import type { RemoteStore } from '../control/control-plane.ts'
import type { Directory } from '../control/directory.ts'
import type { DeviceRegistry } from '../enrollment/registry/device-registry.ts'
import { openNodeRegistry } from './registry.ts'
import { runtimeClock, runtimeRandom } from '../ports.ts'
import type { Objects } from '../trust-stores/managed/objects.ts'

/** The trust stores that refuse whom the registry refuses. */
export interface LocalStores {
  readonly objects: Objects
  readonly account: Pick<Directory, 'list'>
  readonly open: (name: string) => RemoteStore
}

/** What another process has changed is told so much later at most; by the API it is told at once. */
const tickEveryMs = 15_000

/**
 * The registry beside a local control plane, whose trust stores it tells. Nothing is made before
 * somebody asks for it.
 */
export function openLocalRegistry(
  directory: string,
  { objects, account, open }: LocalStores,
): { readonly registry: DeviceRegistry; readonly stop: () => void } {
  const { close, ...registry } = openNodeRegistry({
    directory,
    clock: runtimeClock,
    random: runtimeRandom,
    verifier: createNodeVerifier(nodeCrypto),
    alarm: ({ claim, refused }) =>
      console.error(`the claim ${claim} has leaked: it was shown ${refused} times too often`),
    publish: {
      objects,
      stores: async () => account.list().map(({ name }) => ({ name, ...open(name) })),
    },
  })
  const tick = async (): Promise<void> => {
    if (!existsSync(join(directory, 'rules.sqlite'))) return
    try {
      for (const { store, failure } of await registry.tick()) {
        if (failure !== undefined)
          console.error(`the trust store ${store} was not told: ${failure}`)
      }
    } catch (error) {
      console.error(`the registry could not be looked after: ${String(error)}`)
    }
  }
  const timer = setInterval(() => void tick(), tickEveryMs).unref()
  return {
    registry,
    stop() {
      clearInterval(timer)
      close()
    },
  }
}
