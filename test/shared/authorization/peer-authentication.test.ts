import { describe, expect, test } from 'vitest'
import {
  checkPeer,
  peerModeOf,
  type PeerAuthentication,
  type PeerMode,
  type PeerPresentation,
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
    readonly mode: PeerMode
  }[] = [
    { name: 'nothing set', settings: [], mode: 'permissive' },
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
      mode: 'permissive',
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
    expect(peerModeOf(settings, workload, 'permissive')).toBe(mode)
    expect(peerModeOf(settings.toReversed(), workload, 'permissive')).toBe(mode)
  })
})

describe('a peer', () => {
  const verified: PeerPresentation<string> = { kind: 'verified', identity: 'car-1' }
  const rows: readonly {
    readonly mode: PeerMode
    readonly presentation: PeerPresentation<string>
    readonly says: string | undefined
  }[] = [
    { mode: 'strict', presentation: verified, says: 'car-1' },
    { mode: 'strict', presentation: { kind: 'none' }, says: 'certificate_required' },
    { mode: 'strict', presentation: { kind: 'refused' }, says: 'certificate_refused' },
    { mode: 'permissive', presentation: verified, says: 'car-1' },
    { mode: 'permissive', presentation: { kind: 'none' }, says: undefined },
    { mode: 'permissive', presentation: { kind: 'refused' }, says: 'certificate_refused' },
    { mode: 'disable', presentation: verified, says: undefined },
    { mode: 'disable', presentation: { kind: 'none' }, says: undefined },
    { mode: 'disable', presentation: { kind: 'refused' }, says: undefined },
  ]
  test.each(rows)('$mode, $presentation.kind: $says', ({ mode, presentation, says }) => {
    const peer = checkPeer(mode, presentation)
    expect(peer.ok ? peer.value : peer.error).toBe(says)
    expect(peer.ok).toBe(says === undefined || says === 'car-1')
  })
})
