import { describe, expect, test } from 'vitest'
import { albPlatform } from '#edge/platforms/alb.ts'
import { envoyPlatform } from '#edge/platforms/envoy.ts'
import { nginxPlatform } from '#edge/platforms/nginx.ts'
import type { Platform, PlatformRequest } from '#edge/platforms/platform.ts'
import { remembered } from '#edge/platforms/remembered.ts'
import { rfc9440Platform } from '#edge/platforms/rfc9440.ts'
import { leafAlone, leafSha256, revokedLeaf, spelt, wholeChain } from './given.ts'

/** A platform, and how often it has read. */
function counted(platform: Platform): { platform: Platform; reads: () => number } {
  let reads = 0
  const read: Platform['read'] = (request) => {
    reads += 1
    return platform.read(request)
  }
  return { platform: { ...platform, read }, reads: () => reads }
}

type HeaderLines = Readonly<Record<string, string>>

const requestOf = (headers: HeaderLines): PlatformRequest => ({ headers: new Headers(headers) })

const chain = { 'client-cert': spelt.leafField, 'client-cert-chain': spelt.intermediateField }

/** Read so often that it is remembered: its place is learnt, met, kept. */
async function readThrice(platform: Platform, headers: HeaderLines) {
  const { platform: asked, reads } = counted(platform)
  const read = remembered(asked)
  for (const _ of [1, 2, 3]) await read(requestOf(headers))
  return { read, reads }
}

const nginx = nginxPlatform({ cert: 'x-cert', verify: 'x-verify' })
const nginxHeaders = { 'x-cert': spelt.leafEscaped, 'x-verify': 'SUCCESS' }
const xfcc = 'x-forwarded-client-cert'
const envoyHeaders = { [xfcc]: `Hash=${leafSha256};Cert="${spelt.leafEscaped}"` }
const alb = albPlatform({ mode: 'passthrough' })
const albHeaders = { 'x-amzn-mtls-clientcert': spelt.leafHalfEscaped }

test.each([
  { name: 'RFC 9440', platform: rfc9440Platform(), headers: chain, presented: wholeChain },
  { name: 'nginx', platform: nginx, headers: nginxHeaders, presented: leafAlone },
  {
    name: 'Envoy, after a digest',
    platform: envoyPlatform(),
    headers: envoyHeaders,
    presented: leafAlone,
  },
  { name: 'ALB', platform: alb, headers: albHeaders, presented: leafAlone },
])('$name: what came before is read no more, and is the same', async (row) => {
  const { read, reads } = await readThrice(row.platform, row.headers)
  expect(reads()).toBe(3)
  expect(await read(requestOf(row.headers))).toEqual(row.presented)
  expect(reads()).toBe(3)
})

describe('whatever differs is read anew', () => {
  test.each([
    { name: 'no header', headers: {}, kind: 'none' },
    {
      name: 'no leaf',
      headers: { 'client-cert-chain': spelt.intermediateField },
      kind: 'malformed',
    },
    { name: 'no chain', headers: { 'client-cert': spelt.leafField }, kind: 'chain' },
    { name: 'an empty chain', headers: { ...chain, 'client-cert-chain': '' }, kind: 'chain' },
    {
      name: 'a character more',
      headers: { ...chain, 'client-cert': `${spelt.leafField},` },
      kind: 'malformed',
    },
    {
      name: 'a second line',
      headers: { ...chain, 'client-cert': `${spelt.leafField}, ${spelt.leafField}` },
      kind: 'malformed',
    },
    {
      name: 'another chain',
      headers: { ...chain, 'client-cert-chain': spelt.leafField },
      kind: 'chain',
    },
  ])('$name', async ({ headers, kind }) => {
    const { read, reads } = await readThrice(rfc9440Platform(), chain)
    const presented = await read(requestOf(headers))
    expect(presented.kind).toBe(kind)
    expect(presented).toEqual(await rfc9440Platform().read(requestOf(headers)))
    expect(reads()).toBe(4)
    // And what is remembered stays what it was.
    expect(await read(requestOf(chain))).toEqual(wholeChain)
    expect(reads()).toBe(4)
  })

  test('each character, wherever it stands', async () => {
    const { read } = await readThrice(rfc9440Platform(), chain)
    const { length } = spelt.leafField
    for (let at = 1; at < length - 3; at += 1) {
      const other = spelt.leafField[at] === 'A' ? 'B' : 'A'
      const text = spelt.leafField.slice(0, at) + other + spelt.leafField.slice(at + 1)
      expect(await read(requestOf({ ...chain, 'client-cert': text }))).not.toEqual(wholeChain)
    }
  })

  test("the proxy's verdict beside the same certificate", async () => {
    const { read } = await readThrice(nginx, nginxHeaders)
    const revoked = { ...nginxHeaders, 'x-verify': 'FAILED:certificate revoked' }
    expect(await read(requestOf(revoked))).toEqual(revokedLeaf)
    expect(await read(requestOf(nginxHeaders))).toEqual(leafAlone)
  })
})

test('what is no certificate is not kept', async () => {
  const { read, reads } = await readThrice(nginx, { 'x-cert': 'x', 'x-verify': 'SUCCESS' })
  expect((await read(requestOf({ 'x-cert': 'x', 'x-verify': 'SUCCESS' }))).kind).toBe('malformed')
  expect(reads()).toBe(4)
})

test.each(['cf', 'connection'] as const)(
  'what rests on %s is read anew each time',
  async (fact) => {
    const facts = { [fact]: {} }
    const platform: Platform = {
      ...rfc9440Platform(),
      read: (request) =>
        request[fact] === undefined ? { kind: 'none' } : rfc9440Platform().read(request),
    }
    const { platform: asked, reads } = counted(platform)
    const read = remembered(asked)
    for (const _ of [1, 2, 3, 4]) {
      expect(await read({ ...requestOf(chain), ...facts })).toEqual(wholeChain)
    }
    expect(reads()).toBe(4)
    expect((await read(requestOf(chain))).kind).toBe('none')
  },
)

test('a platform without headers is asked each time', async () => {
  const { read, reads } = await readThrice({ ...rfc9440Platform(), ownHeaders: [] }, chain)
  expect(await read(requestOf(chain))).toEqual(wholeChain)
  expect(reads()).toBe(4)
})
