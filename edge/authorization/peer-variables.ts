import {
  peerModeOf,
  type PeerMode,
  type Workload,
} from '#shared/authorization/peer-authentication.ts'
import {
  collectFaults,
  readLabels,
  readObject,
  readText,
  type Report,
} from '#shared/authorization/read-document.ts'
import { readPeerAuthentication } from '#shared/authorization/read-peer-authentication.ts'
import { parseJson } from '../json.ts'
import type { Faults, ListenerVariables } from '../variables.ts'
import { readDocuments } from './read-documents.ts'

/** What a mode of Istio's asks, in the words of a listener's own variables. */
const saidByMode: Readonly<Record<PeerMode, Pick<ListenerVariables, 'MODE' | 'CERTIFICATE'>>> = {
  strict: { MODE: 'verify', CERTIFICATE: 'required' },
  permissive: { MODE: 'verify', CERTIFICATE: 'optional' },
  disable: { MODE: 'off' },
}

/**
 * The variables of a listener whose `MODE` and `CERTIFICATE` are said by Istio's PeerAuthentication
 * (`PEER_AUTHENTICATION`, for the workload that `WORKLOAD` names); the same where none is given. Where
 * nothing is in force for the workload Istio is permissive by itself; that is asked to be said here.
 */
export function withPeerMode(variables: ListenerVariables, faults: Faults): ListenerVariables {
  const { PEER_AUTHENTICATION: text } = variables
  if (text === undefined) {
    if (variables.WORKLOAD === undefined) return variables
    return faults.add('WORKLOAD', 'none without PEER_AUTHENTICATION', variables)
  }
  for (const name of ['MODE', 'CERTIFICATE'] as const) {
    if (variables[name] === undefined) continue
    faults.add(name, 'unset beside PEER_AUTHENTICATION, which says it', undefined)
  }
  const { rootNamespace, ...workload } = readWorkload(variables, faults)
  const settings = readDocuments(text, 'PEER_AUTHENTICATION', (document, file) =>
    readPeerAuthentication(document, file, rootNamespace),
  )
  if (!settings.ok) {
    faults.addAll('PEER_AUTHENTICATION', settings.error)
    return variables
  }
  const mode = peerModeOf(settings.value, workload)
  if (mode !== undefined) return { ...variables, ...saidByMode[mode] }
  const expected = `a mode for the workload in the namespace ${workload.namespace}: none is in force there`
  return faults.add('PEER_AUTHENTICATION', expected, variables)
}

/** What this listener is in the mesh, and which namespace's settings are the mesh's. */
interface InMesh extends Workload {
  readonly rootNamespace: string
}

/** Istio's names for both namespaces. */
const unnamed: InMesh = {
  namespace: 'default',
  labels: {},
  port: 443,
  rootNamespace: 'istio-system',
}

function readWorkload({ WORKLOAD: text }: ListenerVariables, faults: Faults): InMesh {
  if (text === undefined) return unnamed
  const { faults: found, report } = collectFaults('WORKLOAD')
  const fields = readObject(
    parseJson(text),
    '',
    ['namespace', 'labels', 'port', 'rootNamespace'],
    report,
  )
  const { namespace, labels, port, rootNamespace } = fields
  const workload = {
    namespace: readText(namespace ?? unnamed.namespace, 'namespace', report) ?? '',
    labels: labels === undefined ? unnamed.labels : readLabels(labels, 'labels', report),
    port: readPort(port ?? unnamed.port, report),
    rootNamespace: readText(rootNamespace ?? unnamed.rootNamespace, 'rootNamespace', report) ?? '',
  }
  faults.addAll('WORKLOAD', found)
  return workload
}

function readPort(value: unknown, report: Report): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535) {
    return value
  }
  report('port', 'a number from 1 to 65535')
  return 0
}
