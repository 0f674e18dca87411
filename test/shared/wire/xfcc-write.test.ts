import { describe, expect, test } from 'vitest'
import { toUtf8 } from '#shared/bytes.ts'
import { rfc2253Name } from '#shared/wire/names.ts'
import { chainOfXfcc } from '#shared/wire/xfcc-chain.ts'
import { writeXfcc, type XfccDetail, type XfccPeer } from '#shared/wire/xfcc-write.ts'
import { parseXfcc, xfccLengthMax, type XfccElement } from '#shared/wire/xfcc.ts'
import { context } from '../der/writer.ts'
import { nameOf } from '../names.ts'
import { altNames, certificateOf, createCa, issue, issueCa, type Entity } from '../pki.ts'

const all: readonly XfccDetail[] = ['DNS', 'URI', 'Subject', 'Chain', 'Cert']

const root = await createCa()
const ca = await issueCa(root)

interface Names {
  readonly uris?: readonly string[]
  readonly dns?: readonly string[]
  readonly commonName?: string
}

function deviceOf({ uris = [], dns = [], commonName = 'car-0001' }: Names): Promise<Entity> {
  const names = [
    ...uris.map((uri) => context(6, toUtf8(uri))),
    ...dns.map((host) => context(2, toUtf8(host))),
  ]
  return issue(ca, {
    extensions: names.length === 0 ? {} : { names: altNames(...names) },
    parts: { subject: nameOf(['O', 'Acme'], ['CN', commonName]) },
  })
}

async function peerOf(names: Names, by: readonly string[] = []): Promise<XfccPeer> {
  return { by, leaf: certificateOf(await deviceOf(names)), intermediates: [ca.der] }
}

async function readBack(text: string): Promise<XfccElement> {
  const elements = parseXfcc(text)
  if (!elements.ok || elements.value[0] === undefined) throw new Error(JSON.stringify(elements))
  expect(elements.value).toHaveLength(1)
  return elements.value[0]
}

async function written(peer: XfccPeer, details = all): Promise<string> {
  const text = await writeXfcc(peer, details)
  if (!text.ok) throw new Error(`${text.error.key}: ${text.error.expected}`)
  return text.value
}

test('the keys stand in Envoy’s order', async () => {
  const names = { uris: ['spiffe://fleet.example/a', 'urn:b'], dns: ['a.example', '*.b.example'] }
  const text = await written(await peerOf(names, ['spiffe://fleet.example/edge']))
  const shape = text.replaceAll(/(?<=Cert="|Chain=")[^"]+/g, '…').replace(/[0-9a-f]{64}/, '…')
  expect(shape).toBe(
    'By=spiffe://fleet.example/edge;Hash=…;Cert="…";Chain="…";Subject="CN=car-0001,O=Acme";' +
      'URI=spiffe://fleet.example/a;URI=urn:b;DNS=a.example;DNS=*.b.example',
  )
  expect(text).toMatch(
    /Cert="-----BEGIN%20CERTIFICATE-----%0A[A-Za-z0-9%]+-----END%20CERTIFICATE-----%0A"/,
  )
})

test('only what was asked for', async () => {
  expect(await written(await peerOf({}), [])).toMatch(/^Hash=[0-9a-f]{64}$/)
  expect(await written(await peerOf({}), ['URI', 'DNS'])).toMatch(/^Hash=[0-9a-f]{64};URI=$/)
})

const names: readonly (Names & { readonly name: string })[] = [
  { name: 'no names' },
  { name: 'a URI with separators', uris: ['urn:a,b;c=d', 'https://a.example/?b=c'] },
  { name: 'a quote in the subject', commonName: 'a"b' },
  { name: 'an element in the subject', commonName: 'a",By=urn:evil;Hash=0;Subject="b' },
  { name: 'a backslash at the end', commonName: 'a\\' },
  { name: 'a line end', commonName: 'a\r\nb: c' },
  { name: 'spaces around', commonName: ' a ' },
  { name: 'characters beyond ASCII', commonName: 'Zählerß 🚗' },
]

test.each(names)('is read back: $name', async (each) => {
  const peer = await peerOf(each, ['urn:edge,1'])
  const element = await readBack(await written(peer))
  const subject = rfc2253Name(peer.leaf.subject)
  expect(element).toMatchObject({
    by: ['urn:edge,1'],
    subject: subject.ok ? subject.value : '',
    uris: each.uris ?? [],
    dns: each.dns ?? [],
  })
  // Hash, Cert and Chain agree with each other, or this refuses.
  expect(await chainOfXfcc(element)).toEqual({
    ok: true,
    value: { leaf: peer.leaf.der, intermediates: [ca.der] },
  })
})

describe('a name that could end its value is not written', () => {
  const hostile: readonly (Names & { readonly name: string; readonly key: string })[] = [
    { name: 'a quote in a URI', uris: ['urn:a";By=urn:evil'], key: 'URI' },
    { name: 'a backslash in a URI', uris: ['urn:a\\'], key: 'URI' },
    { name: 'a space in a URI', uris: ['urn:a b'], key: 'URI' },
    { name: 'a line end in a URI', uris: ['urn:a\r\nb: c'], key: 'URI' },
    { name: 'an empty URI beside another', uris: ['urn:a', ''], key: 'URI' },
    { name: 'a pair in a host', dns: ['a.example;URI=urn:evil'], key: 'DNS' },
    { name: 'an element in a host', dns: ['a.example,By=urn:evil'], key: 'DNS' },
  ]
  test.each(hostile)('$name', async ({ key, ...each }) => {
    expect(await writeXfcc(await peerOf(each), all)).toMatchObject({ ok: false, error: { key } })
  })

  test('in our own certificate', async () => {
    const peer = await peerOf({}, ['urn:a"'])
    expect(await writeXfcc(peer, all)).toMatchObject({ ok: false, error: { key: 'By' } })
  })
})

test('a chain too long for Envoy’s headers is not written', async () => {
  const peer = await peerOf({})
  const intermediates = [new Uint8Array(xfccLengthMax)]
  expect(await writeXfcc({ ...peer, intermediates }, ['Chain'])).toEqual({
    ok: false,
    error: { key: 'element', expected: `at most ${xfccLengthMax} characters` },
  })
})
