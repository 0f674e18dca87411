import type { Bytes } from '#shared/bytes.ts'
import { readAlbPassthrough, writeAlbPassthrough } from '#shared/wire/alb.ts'
import {
  readClientCert,
  readClientCertChain,
  writeClientCert,
  writeClientCertChain,
} from '#shared/wire/rfc9440.ts'
import { atOnce, expectTrue, octetsOf, type Fixture, type Operations } from './operation.ts'

/*
 * Each operation reads a text of its own, as each request brings one: an engine that has seen a text
 * before knows more of it. Making the text is in every figure, and is a line by itself.
 */

/** ALB's header of passthrough mode, three certificates in URL-encoded PEM. */
export const albOperations: Operations = (fixture) => {
  const fresh = freshText(
    chainsOf(fixture).map((chain) => writeAlbPassthrough(chain)[0]?.[1] ?? ''),
  )
  return [
    atOnce('ours', () => {
      const text = fresh()
      const read = readAlbPassthrough(() => text)
      expectTrue(read.ok && read.value?.length === 3, 'readAlbPassthrough')
    }),
    atOnce('decodeURIComponent + PEM regex', () => {
      const pem = decodeURIComponent(fresh())
      const ders = [...pem.matchAll(pemBlocks)].map(([, base64 = '']) =>
        Buffer.from(base64, 'base64'),
      )
      expectTrue(ders.length === 3, 'the PEM regex')
    }),
    atOnce('the text alone', () => fresh()),
  ]
}

const pemBlocks = /-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g

/** RFC 9440: the leaf alone, and the certificates behind it. */
export const rfc9440Operations: Operations = (fixture) => {
  const chains = chainsOf(fixture)
  const freshLeaf = freshText(chains.map(([leaf = new Uint8Array()]) => writeClientCert(leaf)))
  const freshChain = freshText(chains.map(([, ...behind]) => writeClientCertChain(behind)))
  return [
    atOnce('ours, Client-Cert', () => {
      expectTrue(readClientCert(freshLeaf()).ok, 'readClientCert')
    }),
    atOnce('ours, Client-Cert-Chain of two', () => {
      const read = readClientCertChain(freshChain())
      expectTrue(read.ok && read.value.length === 2, 'readClientCertChain')
    }),
    atOnce('Client-Cert: regex + Buffer', () => {
      const [, base64] = /^:([A-Za-z0-9+/]+={0,2}):$/.exec(freshLeaf()) ?? []
      expectTrue(base64 !== undefined && Buffer.from(base64, 'base64').length > 0, 'the regex')
    }),
    atOnce('the text of Client-Cert alone', () => freshLeaf()),
  ]
}

/** A chain of each leaf: a text that comes again soon would be remembered, and these count as new. */
function chainsOf(fixture: Fixture): readonly (readonly Bytes[])[] {
  const above = ['intermediate', 'root'].map((name) => octetsOf(fixture, name))
  return (fixture['leaves'] ?? []).map((leaf) => [leaf, ...above])
}

/** One text after another, made anew at each asking, as a request's header comes out of its octets. */
function freshText(texts: readonly string[]): () => string {
  const all = texts.map((text) => Buffer.from(text, 'latin1'))
  let nth = 0
  return () => {
    nth += 1
    return all[nth % all.length]?.toString('latin1') ?? ''
  }
}
