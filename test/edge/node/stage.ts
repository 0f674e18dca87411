import * as crypto from 'node:crypto'
import { createApp } from '#edge/app.ts'
import type { ListenerVariables } from '#edge/variables.ts'
import type { Ports } from '#edge/context.ts'
import { startNodeServer, type NodeServer, type NodeServerOptions } from '#edge/node.ts'
import { createPorts } from '#edge/ports.ts'
import { directoryTrustFiles } from '#edge/trust-stores/directory-trust-files.ts'
import type { Repeat } from '#edge/websocket/repeat.ts'
import { createNodeVerifier } from '#shared/x509/node-verifier.ts'
import type { DirectoryPki } from '../../runtime/directory-pki.ts'
import { listenerOf, setClock, type SetClock } from '../stage.ts'

/** A Node server of the edge app, on a free port. */
export interface NodeStage {
  readonly server: NodeServer
  readonly clock: SetClock
  close(): Promise<void>
}

export interface NodeStageOptions {
  readonly variables?: ListenerVariables
  readonly target?: Ports['target']
  readonly mqtt?: Ports['mqtt']
  /** The runtime's own timer unless given. */
  readonly repeat?: Repeat
  /** Null: plain HTTP. */
  readonly tls?: { readonly resumption: 'never' | 'allowed' } | null
}

/** No staleness: each request asks the directory. */
const byDefault: ListenerVariables = {
  PLATFORM: 'node-tls',
  MAX_STALENESS: '0s',
  CONNECTION_LOG: 'off',
}

export async function startNodeStage(
  pki: DirectoryPki,
  { variables = {}, target, mqtt, repeat, tls }: NodeStageOptions = {},
): Promise<NodeStage> {
  const clock = setClock()
  const listener = await listenerOf({ ...byDefault, ...variables })
  const ports = createPorts(listener, {
    trustFiles: directoryTrustFiles(pki.directory),
    verifier: createNodeVerifier(crypto),
    clock,
    target,
    mqtt,
    ...(repeat && { repeat }),
  })
  const server = await startNodeServer({
    app: createApp(listener, ports),
    host: '127.0.0.1',
    port: 0,
    ...tlsOf(pki, tls),
  })
  return { server, clock, close: () => server.close(0) }
}

function tlsOf(
  { server: { keyPem, certPem } }: DirectoryPki,
  tls: NodeStageOptions['tls'],
): Pick<NodeServerOptions, 'tls'> {
  return tls === null ? {} : { tls: { keyPem, certPem, ...tls } }
}
