import { describe, expect, test } from 'vitest'
import { readPeerAuthentication } from '#shared/authorization/read-peer-authentication.ts'

const selector = { matchLabels: { app: 'telemetry' } }

function document(spec: object, namespace = 'fleet'): object {
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: 'a', namespace },
    spec,
  }
}

const read = (value: unknown) => readPeerAuthentication(value, 'peers.yaml', 'istio-system')

describe('a setting', () => {
  const none = new Map()
  const namespace = { kind: 'namespace', namespace: 'fleet' }
  const workload = { kind: 'workload', namespace: 'fleet', labels: { app: 'telemetry' } }
  const rows = [
    {
      name: 'of the mesh',
      value: document({ mtls: { mode: 'STRICT' } }, 'istio-system'),
      setting: { scope: { kind: 'mesh' }, mode: 'strict', ports: none },
    },
    {
      name: 'of a namespace',
      value: document({ mtls: { mode: 'PERMISSIVE' } }),
      setting: { scope: namespace, mode: 'permissive', ports: none },
    },
    {
      name: 'of a workload',
      value: document({ selector, mtls: { mode: 'DISABLE' } }),
      setting: { scope: workload, mode: 'disable', ports: none },
    },
    {
      name: 'that is unset',
      value: document({ mtls: { mode: 'UNSET' } }),
      setting: { scope: namespace, mode: undefined, ports: none },
    },
    {
      name: 'that says nothing',
      value: document({}),
      setting: { scope: namespace, mode: undefined, ports: none },
    },
    {
      name: 'without a specification',
      value: { ...document({}), spec: undefined },
      setting: { scope: namespace, mode: undefined, ports: none },
    },
    {
      name: 'of ports',
      value: document({
        selector,
        portLevelMtls: { 1: { mode: 'STRICT' }, 65535: { mode: 'DISABLE' }, 80: { mode: 'UNSET' } },
      }),
      setting: {
        scope: workload,
        mode: undefined,
        ports: new Map([
          [1, 'strict'],
          [65535, 'disable'],
        ]),
      },
    },
  ]
  test.each(rows)('$name', ({ value, setting }) => {
    expect(read(value)).toEqual({ ok: true, value: setting })
  })
})

const labels = (count: number): object =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`l${at}`, 'a']))

describe('a fault names file and key', () => {
  const mtls = { mode: 'STRICT' }
  const rows: readonly (readonly [string, unknown, readonly string[]])[] = [
    [
      'no object',
      null,
      ['', 'kind', 'apiVersion', 'metadata', 'metadata.name', 'metadata.namespace'],
    ],
    ['another kind', { ...document({}), kind: 'AuthorizationPolicy' }, ['kind']],
    ['another version', { ...document({}), apiVersion: 'v1' }, ['apiVersion']],
    ['no namespace', { ...document({}), metadata: { name: 'a' } }, ['metadata.namespace']],
    ['an unknown field', document({ mtsl: mtls }), ['spec.mtsl']],
    ['a mode in lower case', document({ mtls: { mode: 'strict' } }), ['spec.mtls.mode']],
    [
      'a mode that only prototypes have',
      document({ mtls: { mode: 'toString' } }),
      ['spec.mtls.mode'],
    ],
    ['no mode', document({ mtls: {} }), ['spec.mtls.mode']],
    ['null in place of a mode', document({ mtls: null }), ['spec.mtls', 'spec.mtls.mode']],
    ['a selector without labels', document({ selector: {} }), ['spec.selector.matchLabels']],
    [
      'a selector of no label',
      document({ selector: { matchLabels: {} } }),
      ['spec.selector.matchLabels'],
    ],
    [
      'a selector of 65 labels',
      document({ selector: { matchLabels: labels(65) } }),
      ['spec.selector.matchLabels'],
    ],
    [
      'a label that is no text',
      document({ selector: { matchLabels: { app: 7 } } }),
      ['spec.selector.matchLabels.app'],
    ],
    [
      'a selector in the root namespace',
      document({ selector, mtls }, 'istio-system'),
      ['spec.selector'],
    ],
    ['ports without a selector', document({ portLevelMtls: { 80: mtls } }), ['spec.portLevelMtls']],
    ['port 0', document({ selector, portLevelMtls: { 0: mtls } }), ['spec.portLevelMtls.0']],
    [
      'port 65536',
      document({ selector, portLevelMtls: { 65536: mtls } }),
      ['spec.portLevelMtls.65536'],
    ],
    [
      'a port by name',
      document({ selector, portLevelMtls: { http: mtls } }),
      ['spec.portLevelMtls.http'],
    ],
    [
      'a port without a mode',
      document({ selector, portLevelMtls: { 80: {} } }),
      ['spec.portLevelMtls.80.mode'],
    ],
  ]
  test.each(rows)('%s', (_, value, keys) => {
    const setting = read(value)
    expect(setting.ok ? [] : setting.error.map(({ file, key }) => `${file} ${key}`)).toEqual(
      keys.map((key) => `peers.yaml ${key}`),
    )
  })

  test('sixty-four labels are the most', () => {
    expect(read(document({ selector: { matchLabels: labels(64) } })).ok).toBe(true)
  })
})
