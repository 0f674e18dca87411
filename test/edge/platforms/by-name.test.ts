import { expect, test } from 'vitest'
import {
  platformNames,
  platforms,
  type PlatformRow,
  type PlatformSettings,
} from '#edge/platforms/by-name.ts'
import { foreignHeaders } from '#edge/platforms/strip.ts'

interface Created {
  readonly row: PlatformRow
  readonly faults: string[]
}

function create(name: (typeof platformNames)[number], settings: PlatformSettings) {
  const { row, faults }: Created = { row: platforms[name], faults: [] }
  const platform = row.create(settings, (variable, expected) =>
    faults.push(`${variable}: ${expected}`),
  )
  return { platform, faults }
}

test.each(platformNames)('%s bears its name and wants no variable', (name) => {
  const { platform, faults } = create(name, {})
  expect(platform.name).toBe(name)
  expect(faults).toEqual([])
})

test.each(platformNames)('%s has headers of its own exactly if it speaks in headers', (name) => {
  const { platform } = create(name, {})
  expect(platform.ownHeaders.length > 0).toBe(platforms[name].facts === 'headers')
})

test.each(platformNames)('what %s sets is a forgery to every other platform', (name) => {
  const { platform } = create(name, {})
  for (const header of platform.ownHeaders) {
    expect(header).toMatch(/^[a-z0-9-]+$/)
    expect(foreignHeaders(new Headers([[header, '1']]), platform).forged).toEqual([])
    const elsewhere = foreignHeaders(
      new Headers([[header, '1']]),
      create('cloudflare', {}).platform,
    )
    expect(elsewhere.forged).toEqual([header])
  }
})

const settings = [
  { name: 'nginx', set: { CERT_HEADER: 'X-A', VERIFY_HEADER: 'X-B' }, own: ['x-a', 'x-b'] },
  { name: 'apache', set: { CERT_HEADER: 'X-A', VERIFY_HEADER: 'X-B' }, own: ['x-a', 'x-b'] },
  { name: 'application-gateway', set: { CERT_HEADER: 'X-A' }, own: ['x-a'] },
  {
    name: 'haproxy',
    set: { CERT_HEADER: 'X-A', CHAIN_HEADER: 'X-B', VERIFY_HEADER: 'X-C' },
    own: ['x-a', 'x-c', 'x-b'],
  },
  { name: 'caddy', set: { CERT_HEADER: 'X-A', FINGERPRINT_HEADER: 'X-B' }, own: ['x-a', 'x-b'] },
  {
    name: 'google-cloud',
    set: { CERT_HEADER: 'X-A', CHAIN_HEADER: 'X-B', VERIFY_HEADER: 'X-C' },
    own: ['x-a', 'x-b', 'x-c'],
  },
  { name: 'nginx', set: {}, own: ['x-ssl-client-cert'] },
] as const

test.each(settings)('$name with $set', ({ name, set, own }) => {
  expect(create(name, set).platform.ownHeaders).toEqual(expect.arrayContaining([...own]))
})

const name = 'letters, digits and hyphens'
const xfcc = 'a number from 1 to 9, or "last" and one'

const wrong = [
  {
    name: 'nginx',
    set: { CERT_HEADER: 'x_a', VERIFY_HEADER: '' },
    faults: [`CERT_HEADER: ${name}`, `VERIFY_HEADER: ${name}`],
  },
  { name: 'haproxy', set: { CHAIN_HEADER: 'x.a' }, faults: [`CHAIN_HEADER: ${name}`] },
  { name: 'caddy', set: { FINGERPRINT_HEADER: 'x a' }, faults: [`FINGERPRINT_HEADER: ${name}`] },
  { name: 'envoy', set: { XFCC_ELEMENTS: '0' }, faults: [`XFCC_ELEMENTS: ${xfcc}`] },
  { name: 'envoy', set: { XFCC_ELEMENTS: '10' }, faults: [`XFCC_ELEMENTS: ${xfcc}`] },
  { name: 'envoy', set: { XFCC_ELEMENTS: 'last' }, faults: [`XFCC_ELEMENTS: ${xfcc}`] },
  { name: 'envoy', set: { XFCC_ELEMENTS: 'all' }, faults: [`XFCC_ELEMENTS: ${xfcc}`] },
  {
    name: 'cloudflare',
    set: { MANAGED_TRANSFORM: 'yes' },
    faults: ['MANAGED_TRANSFORM: one of off, on'],
  },
  { name: 'alb', set: { ALB_MODE: 'off' }, faults: ['ALB_MODE: one of verify, passthrough'] },
] as const

test.each(wrong)('$name with $set', ({ name: platform, set, faults }) => {
  expect(create(platform, set).faults).toEqual(faults)
})

/** Asked of the element that counts: its number is right. */
const bytes = 'Cert or Chain, which Envoy adds where told'

const counts = [
  { set: {}, elements: 1, expected: bytes },
  { set: {}, elements: 2, expected: 'one element, no more' },
  { set: { XFCC_ELEMENTS: '2' }, elements: 2, expected: bytes },
  { set: { XFCC_ELEMENTS: '2' }, elements: 3, expected: '2 elements, no more' },
  { set: { XFCC_ELEMENTS: 'last 2' }, elements: 3, expected: bytes },
  { set: { XFCC_ELEMENTS: 'last 2' }, elements: 1, expected: 'at least 2 elements' },
] as const

test.each(counts)(
  'envoy with $set, $elements elements without bytes: $expected',
  async ({ set, elements, expected }) => {
    const text = Array(elements).fill('Hash=1').join(',')
    const headers = new Headers([['x-forwarded-client-cert', text]])
    expect(await create('envoy', set).platform.read({ headers })).toMatchObject({
      kind: 'malformed',
      expected,
    })
  },
)
