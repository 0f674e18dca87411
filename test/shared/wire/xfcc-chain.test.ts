import { expect, test } from 'vitest'
import { toHex, type Bytes } from '#shared/bytes.ts'
import { decodePem } from '#shared/wire/pem.ts'
import { chainOfXfcc } from '#shared/wire/xfcc-chain.ts'
import type { XfccElement } from '#shared/wire/xfcc.ts'
import { intermediatePem, leafPem } from '../../vectors/device.ts'

const decoded = decodePem(leafPem + intermediatePem, 'CERTIFICATE')
const [leaf = new Uint8Array(), ...intermediates]: readonly Bytes[] = decoded.ok
  ? decoded.value
  : []
const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', leaf))
const hash = toHex(digest)

const cert = encodeURIComponent(leafPem)
const chain = encodeURIComponent(leafPem + intermediatePem)
const names = { by: [], subject: undefined, uris: [], dns: [] }

type Texts = Partial<Pick<XfccElement, 'hash' | 'cert' | 'chain'>>

function read({ hash: hashText, cert: certText, chain: chainText }: Texts) {
  return chainOfXfcc({ ...names, hash: hashText, cert: certText, chain: chainText })
}

const given: readonly { name: string; texts: Texts; value: object | undefined }[] = [
  { name: 'no certificate', texts: { hash }, value: undefined },
  { name: 'Cert', texts: { hash, cert }, value: { leaf, intermediates: [] } },
  { name: 'Cert without Hash', texts: { cert }, value: { leaf, intermediates: [] } },
  {
    name: 'Hash in upper case',
    texts: { hash: hash.toUpperCase(), cert },
    value: { leaf, intermediates: [] },
  },
  { name: 'Chain alone', texts: { hash, chain }, value: { leaf, intermediates } },
  { name: 'Cert and Chain', texts: { hash, cert, chain }, value: { leaf, intermediates } },
  { name: 'a Chain of the leaf', texts: { cert, chain: cert }, value: { leaf, intermediates: [] } },
  {
    name: 'line ends alone escaped',
    texts: { cert: leafPem.replaceAll('\n', '%0A') },
    value: { leaf, intermediates: [] },
  },
]

test.each(given)('$name', async ({ texts, value }) => {
  expect(await read(texts)).toEqual({ ok: true, value })
})

const refused: readonly { name: string; texts: Texts; key: string; expected: string }[] = [
  {
    name: 'an empty Cert',
    texts: { cert: '' },
    key: 'Cert',
    expected: '-----BEGIN CERTIFICATE-----',
  },
  { name: 'two in Cert', texts: { cert: chain }, key: 'Cert', expected: 'at most 1 certificates' },
  {
    name: 'a Chain of another',
    texts: { cert, chain: encodeURIComponent(intermediatePem) },
    key: 'Chain',
    expected: 'a chain that begins with Cert',
  },
  {
    name: 'eleven in Chain',
    texts: { chain: cert.repeat(11) },
    key: 'Chain',
    expected: 'at most 10 certificates',
  },
  {
    name: 'a Hash of another',
    texts: { cert, hash: hash.replace(/^./, 'z') },
    key: 'Hash',
    expected: 'a SHA-256 fingerprint',
  },
  {
    name: 'a Hash of zeros',
    texts: { cert, hash: '0'.repeat(64) },
    key: 'Hash',
    expected: "the certificate's SHA-256",
  },
  {
    name: 'a space inside the base64',
    texts: { cert: cert.replace('MII', 'M II') },
    key: 'Cert',
    expected: 'a base64 character',
  },
]

test.each(refused)('refuses $name', async ({ texts, key, expected }) => {
  expect(await read(texts)).toEqual({ ok: false, error: { key, expected } })
})
