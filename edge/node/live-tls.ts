import type { Bytes } from '#shared/bytes.ts'
import { caNamesOf } from './ca-names.ts'
import type { NodeServer } from '../node.ts'
import type { NodeTls } from './tls.ts'
import type { HeldTrustStore } from '../trust-stores/held-trust-store.ts'

/** What TLS settings are made of, each as it is now whenever it is asked. */
export interface TlsSources extends Pick<NodeTls, 'resumption' | 'policy'> {
  /** Rejects with an Error that says what cannot be read. */
  readonly credential: () => Promise<Pick<NodeTls, 'certPem' | 'keyPem'>>
  /** Whose names clients are told; absent: they are told none. */
  readonly trustStore?: HeldTrustStore
}

/** TLS settings that change while their server runs. */
export interface LiveTls {
  readonly settings: () => NodeTls
  /** Reads certificate and key again. Rejects where they cannot be used: those before stay. */
  reload(server: NodeServer): Promise<void>
  /** Tells clients the trust store's names of now. Rejects where there are too many: those before stay. */
  refreshNames(server: NodeServer): Promise<void>
}

/** The names of one state of a trust store. */
interface Names {
  readonly trustHash: string | undefined
  readonly caNames: readonly Bytes[]
}

/** Rejects with an Error that says what is wrong with the credential or the names. */
export async function createLiveTls(sources: TlsSources): Promise<LiveTls> {
  const { resumption, policy, trustStore } = sources
  let credential = await sources.credential()
  let names = await namesNow(trustStore)
  const settingsOf = (): NodeTls => ({
    ...credential,
    ...(resumption !== undefined && { resumption }),
    ...(policy !== undefined && { policy }),
    caNames: names.caNames,
  })
  return {
    settings: settingsOf,
    async reload(server) {
      const next = await sources.credential()
      server.setTls({ ...settingsOf(), ...next })
      credential = next
    },
    async refreshNames(server) {
      const next = await namesNow(trustStore)
      if (next.trustHash === names.trustHash) return
      server.setTls({ ...settingsOf(), caNames: next.caNames })
      names = next
    },
  }
}

async function namesNow(trustStore: HeldTrustStore | undefined): Promise<Names> {
  const store = await trustStore?.current()
  if (store === undefined) return { trustHash: undefined, caNames: [] }
  const caNames = caNamesOf(store)
  if (caNames.ok) return { trustHash: store.trustHash, caNames: caNames.value }
  const { octets, octetsMax } = caNames.error
  throw new Error(
    `the trust store's names are ${octets} bytes, and clients are told at most ${octetsMax}: leave --advertise-ca-names off`,
  )
}
