import { describe, expect, test } from 'vitest'
import {
  peerModeOf,
  type PeerAuthentication,
  type PeerMode,
} from '#shared/authorization/peer-authentication.ts'

const workload = { namespace: 'fleet', labels: { app: 'telemetry', tier: 'edge' }, port: 8443 }

const mesh = (mode: PeerMode | undefined): PeerAuthentication => ({ scope: { kind: 'mesh' }, mode })
const namespace = (mode: PeerMode | undefined, name = 'fleet'): PeerAuthentication => ({
  scope: { kind: 'namespace', namespace: name },
  mode,
})
const labelled = (
  mode: PeerMode | undefined,
  labels: Readonly<Record<string, string>> = { app: 'telemetry' },
  ports: ReadonlyMap<number, PeerMode> = new Map(),
): PeerAuthentication => ({ scope: { kind: 'workload', namespace: 'fleet', labels }, mode, ports })

describe('the mode in force', () => {
  const rows: readonly {
    readonly name: string
    readonly settings: readonly PeerAuthentication[]
    readonly mode: PeerMode | undefined
  }[] = [
    { name: 'nothing set', settings: [], mode: undefined },
    { name: 'the mesh', settings: [mesh('strict')], mode: 'strict' },
    {
      name: 'a namespace over the mesh',
      settings: [mesh('strict'), namespace('disable')],
      mode: 'disable',
    },
    {
      name: 'another namespace',
      settings: [mesh('strict'), namespace('disable', 'other')],
      mode: 'strict',
    },
    {
      name: 'a workload over its namespace',
      settings: [labelled('permissive'), namespace('strict')],
      mode: 'permissive',
    },
    {
      name: 'another workload',
      settings: [labelled('disable', { app: 'x' }), namespace('strict')],
      mode: 'strict',
    },
    {
      name: 'a label that only prototypes have',
      settings: [labelled('disable', { toString: 'x' }), mesh('strict')],
      mode: 'strict',
    },
    {
      name: 'all labels',
      settings: [labelled('strict', { app: 'telemetry', tier: 'edge' })],
      mode: 'strict',
    },
    {
      name: 'one label of two',
      settings: [labelled('strict', { app: 'telemetry', tier: 'core' })],
      mode: undefined,
    },
    {
      name: 'unset inherits',
      settings: [labelled(undefined), namespace(undefined), mesh('strict')],
      mode: 'strict',
    },
    {
      name: 'a port over its workload',
      settings: [labelled('strict', undefined, new Map([[8443, 'disable']]))],
      mode: 'disable',
    },
    {
      name: 'another port',
      settings: [labelled('strict', undefined, new Map([[9000, 'disable']]))],
      mode: 'strict',
    },
    {
      name: 'the strictest of one scope',
      settings: [mesh('disable'), mesh('strict'), mesh('permissive')],
      mode: 'strict',
    },
  ]
  test.each(rows)('$name: $mode', ({ settings, mode }) => {
    expect(peerModeOf(settings, workload)).toBe(mode)
    expect(peerModeOf(settings.toReversed(), workload)).toBe(mode)
  })
})
