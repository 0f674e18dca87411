import { err, ok, type Result } from '#shared/result.ts'
import type { PeerAuthentication, PeerMode } from './peer-authentication.ts'
import {
  collectFaults,
  readEntries,
  readLabels,
  readObject,
  readText,
  readTop,
  readWord,
  type PolicyFault,
  type Report,
} from './read-document.ts'

/**
 * Reads a PeerAuthentication as Istio writes it, already parsed from YAML or JSON.
 *
 * @param file named in faults
 * @param rootNamespace settings of this namespace are the mesh's
 * @returns the setting, or every fault: none of it is in force then
 */
export function readPeerAuthentication(
  document: unknown,
  file: string,
  rootNamespace: string,
): Result<PeerAuthentication, readonly PolicyFault[]> {
  const { faults, report } = collectFaults(file)
  const top = readTop(document, 'PeerAuthentication', report)
  const namespace = readNamespace(top.metadata, report)
  const fields = ['selector', 'mtls', 'portLevelMtls'] as const
  const spec = readObject(top.spec ?? {}, 'spec', fields, report)
  const labels = readSelector(spec.selector, report)
  const mode = spec.mtls === undefined ? undefined : readMode(spec.mtls, 'spec.mtls', report)
  const ports = readPorts(spec.portLevelMtls, labels, report)
  // Istio's own text says of a selector here both that it is ignored and that it holds everywhere.
  if (labels !== undefined && namespace === rootNamespace) {
    report('spec.selector', `none in the root namespace ${rootNamespace}`)
  }
  if (faults.length > 0 || namespace === undefined) return err(faults)
  return ok({ scope: scopeOf(namespace, labels, rootNamespace), mode, ports })
}

type Labels = Readonly<Record<string, string>>

function scopeOf(
  namespace: string,
  labels: Labels | undefined,
  rootNamespace: string,
): PeerAuthentication['scope'] {
  if (labels !== undefined) return { kind: 'workload', namespace, labels }
  return namespace === rootNamespace ? { kind: 'mesh' } : { kind: 'namespace', namespace }
}

function readNamespace(value: unknown, report: Report): string | undefined {
  const fields = ['name', 'namespace', 'annotations', 'labels'] as const
  const { name, namespace } = readObject(value, 'metadata', fields, report)
  readText(name, 'metadata.name', report)
  return readText(namespace, 'metadata.namespace', report)
}

/** The labels of a selector, at least one; undefined where there is no selector. */
function readSelector(value: unknown, report: Report): Labels | undefined {
  if (value === undefined) return undefined
  const { matchLabels } = readObject(value, 'spec.selector', ['matchLabels'], report)
  return readLabels(matchLabels, 'spec.selector.matchLabels', report)
}

/** Ports are those of a workload: without a selector Istio takes them for nothing. */
function readPorts(
  value: unknown,
  labels: Labels | undefined,
  report: Report,
): ReadonlyMap<number, PeerMode> {
  if (value === undefined) return new Map()
  if (labels === undefined) report('spec.portLevelMtls', 'none without a selector')
  return new Map(
    readEntries(value, 'spec.portLevelMtls', report).flatMap(([port, mtls, key]) => {
      const isPort = /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535
      if (!isPort) report(key, 'a port from 1 to 65535')
      const mode = readMode(mtls, key, report)
      return isPort && mode !== undefined ? [[Number(port), mode]] : []
    }),
  )
}

const modes: Readonly<Record<string, PeerMode | undefined>> = {
  UNSET: undefined,
  STRICT: 'strict',
  PERMISSIVE: 'permissive',
  DISABLE: 'disable',
}

function readMode(value: unknown, key: string, report: Report): PeerMode | undefined {
  const { mode } = readObject(value, key, ['mode'], report)
  const word = readWord(mode, `${key}.mode`, Object.keys(modes), report)
  return word === undefined ? undefined : modes[word]
}
