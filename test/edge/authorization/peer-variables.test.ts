import { describe, expect, test } from 'vitest'
import { withPeerMode } from '#edge/authorization/peer-variables.ts'
import { Faults, type ListenerVariables } from '#edge/variables.ts'
import { peerDocument, type PeerSetting } from './documents.ts'

const settings = (...given: readonly PeerSetting[]): string =>
  JSON.stringify(given.map(peerDocument))

function read(variables: ListenerVariables) {
  const faults = new Faults()
  const { MODE, CERTIFICATE } = withPeerMode(variables, faults)
  return { says: [MODE, CERTIFICATE], faults: faults.all }
}

const fleet = JSON.stringify({ namespace: 'fleet', labels: { app: 'telemetry' }, port: 8443 })

describe('what a listener asks of its peers', () => {
  const required = ['verify', 'required']
  const optional = ['verify', 'optional']
  const off = ['off', undefined]
  const rows: readonly {
    readonly name: string
    readonly variables: ListenerVariables
    readonly says: readonly (string | undefined)[]
  }[] = [
    {
      name: 'what its own variables say, where there are no settings',
      variables: { MODE: 'passthrough' },
      says: ['passthrough', undefined],
    },
    {
      name: 'STRICT of the mesh',
      variables: { PEER_AUTHENTICATION: settings({ mode: 'STRICT' }) },
      says: required,
    },
    {
      name: 'one setting that is in no list',
      variables: { PEER_AUTHENTICATION: JSON.stringify(peerDocument({ mode: 'STRICT' })) },
      says: required,
    },
    {
      name: 'PERMISSIVE of its namespace over STRICT of the mesh',
      variables: {
        WORKLOAD: fleet,
        PEER_AUTHENTICATION: settings(
          { mode: 'STRICT' },
          { namespace: 'fleet', mode: 'PERMISSIVE' },
        ),
      },
      says: optional,
    },
    {
      name: 'nothing of another namespace',
      variables: {
        WORKLOAD: fleet,
        PEER_AUTHENTICATION: settings({ mode: 'STRICT' }, { namespace: 'shop', mode: 'DISABLE' }),
      },
      says: required,
    },
    {
      name: 'DISABLE of its labels',
      variables: {
        WORKLOAD: fleet,
        PEER_AUTHENTICATION: settings(
          { mode: 'STRICT' },
          { namespace: 'fleet', app: 'telemetry', mode: 'DISABLE' },
        ),
      },
      says: off,
    },
    {
      name: 'its port over its labels',
      variables: {
        WORKLOAD: fleet,
        PEER_AUTHENTICATION: settings({
          namespace: 'fleet',
          app: 'telemetry',
          mode: 'DISABLE',
          ports: { 8443: 'STRICT' },
        }),
      },
      says: required,
    },
    {
      name: 'the mesh where its namespace leaves it unset',
      variables: {
        WORKLOAD: fleet,
        PEER_AUTHENTICATION: settings({ mode: 'STRICT' }, { namespace: 'fleet', mode: 'UNSET' }),
      },
      says: required,
    },
    {
      name: 'the mesh by another root namespace',
      variables: {
        WORKLOAD: JSON.stringify({ rootNamespace: 'mesh' }),
        PEER_AUTHENTICATION: settings({ namespace: 'mesh', mode: 'PERMISSIVE' }),
      },
      says: optional,
    },
    {
      name: 'the namespace that Istio takes where none is named',
      variables: {
        PEER_AUTHENTICATION: settings(
          { mode: 'DISABLE' },
          { namespace: 'default', mode: 'STRICT' },
        ),
      },
      says: required,
    },
  ]
  test.each(rows)('$name', ({ variables, says }) => {
    expect(read(variables)).toEqual({ says, faults: [] })
  })
})

describe('what is refused, by its place', () => {
  const PEER_AUTHENTICATION = settings({ mode: 'STRICT' })
  const rows: readonly {
    readonly name: string
    readonly variables: ListenerVariables
    readonly fault: { readonly variable: string; readonly expected: RegExp }
  }[] = [
    {
      name: 'no JSON',
      variables: { PEER_AUTHENTICATION: 'kind: PeerAuthentication' },
      fault: { variable: 'PEER_AUTHENTICATION', expected: /^JSON of 1 to 64 documents/ },
    },
    {
      name: 'a word that is no mode',
      variables: { PEER_AUTHENTICATION: settings({ mode: 'strict' }) },
      fault: {
        variable: 'PEER_AUTHENTICATION',
        expected: /STRICT.* \(at PEER_AUTHENTICATION\[0\]\.spec\.mtls\.mode\)$/,
      },
    },
    {
      name: 'settings of which none is in force here',
      variables: {
        WORKLOAD: fleet,
        PEER_AUTHENTICATION: settings({ namespace: 'shop', mode: 'STRICT' }),
      },
      fault: { variable: 'PEER_AUTHENTICATION', expected: /in the namespace fleet/ },
    },
    {
      name: 'a mode that the variables say as well',
      variables: { PEER_AUTHENTICATION, MODE: 'off' },
      fault: { variable: 'MODE', expected: /unset beside PEER_AUTHENTICATION/ },
    },
    {
      name: 'a word on certificates that the variables say as well',
      variables: { PEER_AUTHENTICATION, CERTIFICATE: 'optional' },
      fault: { variable: 'CERTIFICATE', expected: /unset beside PEER_AUTHENTICATION/ },
    },
    {
      name: 'a workload without settings',
      variables: { WORKLOAD: fleet },
      fault: { variable: 'WORKLOAD', expected: /none without PEER_AUTHENTICATION/ },
    },
    ...[
      ['no JSON', 'namespace=fleet', /an object \(at WORKLOAD\)/],
      ['an unknown field', '{"name":"fleet"}', /namespace.*\(at WORKLOAD\.name\)/],
      ['a namespace that is none', '{"namespace":7}', /a text .*\(at WORKLOAD\.namespace\)/],
      ['labels that are none', '{"labels":[]}', /an object .*\(at WORKLOAD\.labels\)/],
      ['a label that is no text', '{"labels":{"app":1}}', /\(at WORKLOAD\.labels\.app\)/],
      ['a port beyond them', '{"port":65536}', /65535 \(at WORKLOAD\.port\)/],
      ['a port that is a text', '{"port":"443"}', /65535 \(at WORKLOAD\.port\)/],
    ].map(([name, WORKLOAD, expected]) => ({
      name: `of a workload: ${String(name)}`,
      variables: { PEER_AUTHENTICATION, WORKLOAD: String(WORKLOAD) },
      fault: { variable: 'WORKLOAD', expected: expected as RegExp },
    })),
  ]
  test.each(rows)('$name', ({ variables, fault: { variable, expected } }) => {
    expect(read(variables).faults).toEqual([
      { variable, expected: expect.stringMatching(expected) as string },
    ])
  })
})
