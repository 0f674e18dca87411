import { expect, test } from 'vitest'
import { containerAppsPlatform } from '#edge/platforms/container-apps.ts'
import { envoyPlatform, type XfccTrust } from '#edge/platforms/envoy.ts'
import {
  readOf,
  leafAlone,
  leafSha256,
  malformed,
  none,
  spelt,
  wholeChain,
  type HeadersCase,
} from './given.ts'

const field = 'x-forwarded-client-cert'
const { leafEscaped, chainEscaped } = spelt

/** As a gateway writes it: the certificates behind the digest, the names behind them. */
const device = `By=spiffe://fleet.example/ns/edge/sa/gateway;Hash=${leafSha256};Cert="${leafEscaped}";Chain="${chainEscaped}";Subject="CN=car-0001\\, x";URI=spiffe://fleet.example/car/0001;DNS=car-0001.example`
/** What a sidecar writes of its gateway. */
const gateway = `By=spiffe://fleet.example/ns/app/sa/app;Hash=${'0'.repeat(64)};Subject="";URI=spiffe://fleet.example/ns/edge/sa/gateway`

const exactly = (elements: number): XfccTrust => ({ elements, before: 'refuse' })
const last = (elements: number): XfccTrust => ({ elements, before: 'ignore' })

const cases: readonly (HeadersCase & { readonly trust: XfccTrust })[] = [
  { name: 'no header', trust: exactly(1), headers: {}, presented: none },
  { name: 'one element', trust: exactly(1), headers: { [field]: device }, presented: wholeChain },
  {
    name: 'a certificate without its chain',
    trust: exactly(1),
    headers: { [field]: `Hash=${leafSha256};Cert="${leafEscaped}"` },
    presented: leafAlone,
  },
  {
    name: 'gateway and sidecar: the device is what the gateway saw',
    trust: exactly(2),
    headers: { [field]: `${device},${gateway}` },
    presented: wholeChain,
  },
  {
    name: 'gateway and sidecar that append: what a client sent is not looked at',
    trust: last(2),
    headers: { [field]: `Hash=${'f'.repeat(64)};Cert="x",${device},${gateway}` },
    presented: wholeChain,
  },
  {
    name: "a client's element in front of a gateway that writes anew",
    trust: exactly(1),
    headers: { [field]: `${device},${device}` },
    presented: malformed(field, 'one element, no more'),
  },
  {
    name: 'fewer elements than proxies: one was gone around',
    trust: last(2),
    headers: { [field]: device },
    presented: malformed(field, 'at least 2 elements'),
  },
  {
    name: 'no bytes: names alone prove too little',
    trust: exactly(1),
    headers: { [field]: gateway },
    presented: malformed(field, 'Cert or Chain, which Envoy adds where told'),
  },
  {
    name: 'a name in the certificate that looks like an element of its own',
    trust: exactly(1),
    headers: {
      [field]: `Hash=${'0'.repeat(64)};Cert="x";URI=spiffe://a/b,Hash=${leafSha256};Cert="${leafEscaped}"`,
    },
    presented: malformed(field, 'one element, no more'),
  },
  {
    name: 'a name in the certificate that looks like a certificate',
    trust: exactly(1),
    headers: { [field]: `Hash=${leafSha256};URI=spiffe://a/b;Cert="${leafEscaped}";Cert="x"` },
    presented: malformed(field, 'cert once in an element'),
  },
  {
    name: 'a digest of another certificate',
    trust: exactly(1),
    headers: { [field]: `Hash=${'0'.repeat(64)};Cert="${leafEscaped}"` },
    presented: malformed(`${field}: Hash`, "the certificate's SHA-256"),
  },
  {
    name: 'a chain of another certificate',
    trust: exactly(1),
    headers: { [field]: `Cert="${leafEscaped}";Chain="${chainEscaped.slice(leafEscaped.length)}"` },
    presented: malformed(`${field}: Chain`, 'a chain that begins with Cert'),
  },
  {
    name: 'a header that came twice',
    trust: last(1),
    headers: { [field]: [device, device] },
    presented: malformed(field, 'a key and ='),
  },
  {
    name: 'an empty header',
    trust: exactly(1),
    headers: { [field]: '' },
    presented: malformed(field, 'a key and ='),
  },
]

test.each(cases)('$name', async ({ trust, headers, presented }) => {
  expect(await readOf(envoyPlatform(trust), headers)).toEqual(presented)
})

test('Azure Container Apps: one element, and no more', async () => {
  const platform = containerAppsPlatform()
  expect(platform.name).toBe('container-apps')
  expect(await readOf(platform, { [field]: device })).toEqual(wholeChain)
  expect(await readOf(platform, { [field]: `${gateway},${device}` })).toEqual(
    malformed(field, 'one element, no more'),
  )
})
