import type { TLSSocket } from 'node:tls'
import type { Bytes } from '#shared/bytes.ts'
import type { Clock } from '#shared/time.ts'
import { factsJson } from './headers.ts'
import { createChainMemory } from './peer-chain.ts'
import type {
  ConnectionVerdict,
  FrontProfile,
  HeaderList,
  Judge,
  TerminatedConnection,
} from './profile.ts'

/** What may happen on a connection under the profile in force. */
export type Admission =
  | {
      readonly kind: 'admitted'
      readonly connection: TerminatedConnection
      /** What is told outside of headers, ready for the control header. */
      readonly facts: string
      readonly headers: HeaderList
    }
  /** The platform refuses the client at the handshake: no request ever comes of it. */
  | { readonly kind: 'closed' }
  /** The judge failed. No decision was made, so none may be reported. */
  | { readonly kind: 'broken'; readonly detail: string }

/** What is known of a peer from its handshake on; the verdict is asked once at most. */
interface Peer {
  readonly chain: readonly Bytes[]
  verdict: Promise<ConnectionVerdict> | undefined
  latest: { readonly profile: FrontProfile; readonly admission: Promise<Admission> } | undefined
}

export interface Admissions {
  /** Takes a connection whose handshake just ended; reads its chain, which can be read only now. */
  open(socket: TLSSocket): Promise<Admission>
  /** The admission of an open connection, asked anew when the profile in force has changed. */
  of(socket: TLSSocket): Promise<Admission>
}

const unasked: ConnectionVerdict = { kind: 'unasked' }

/** Decides, as the platform would, which connections may carry requests, and with which facts. */
export function createAdmissions(options: {
  readonly clock: Clock
  readonly judge: Judge
  readonly profile: () => FrontProfile
}): Admissions {
  const chains = createChainMemory()
  const peers = new WeakMap<TLSSocket, Peer>()

  const verdictOf = (peer: Peer, profile: FrontProfile): Promise<ConnectionVerdict> => {
    if (profile.verification === 'unasked') return Promise.resolve(unasked)
    peer.verdict ??= options.judge(peer.chain, options.clock.now())
    return peer.verdict
  }

  const admit = async (
    socket: TLSSocket,
    peer: Peer,
    profile: FrontProfile,
  ): Promise<Admission> => {
    try {
      const verdict = await verdictOf(peer, profile)
      if (!profile.admits(verdict)) return { kind: 'closed' }
      const connection = describe(socket, peer.chain, verdict)
      const { headers, ...facts } = await profile.connectionFacts(connection)
      return { kind: 'admitted', connection, facts: factsJson(facts), headers }
    } catch (error) {
      return { kind: 'broken', detail: String(error) }
    }
  }

  const latestOf = (socket: TLSSocket, peer: Peer): Promise<Admission> => {
    const profile = options.profile()
    if (peer.latest?.profile === profile) return peer.latest.admission
    const admission = admit(socket, peer, profile)
    peer.latest = { profile, admission }
    return admission
  }

  return {
    open(socket) {
      const peer: Peer = { chain: chains.chainOf(socket), verdict: undefined, latest: undefined }
      peers.set(socket, peer)
      return latestOf(socket, peer)
    },
    of(socket) {
      const peer = peers.get(socket)
      if (peer === undefined) throw new Error('a request came over a connection never opened')
      return latestOf(socket, peer)
    },
  }
}

function describe(
  socket: TLSSocket,
  chain: readonly Bytes[],
  verdict: ConnectionVerdict,
): TerminatedConnection {
  return {
    chain,
    verdict,
    clientAddress: socket.remoteAddress ?? '',
    port: socket.localPort ?? 0,
    tlsVersion: socket.getProtocol() ?? '',
  }
}
