import { isDeepStrictEqual } from 'node:util'
import { readTrustPart } from '#edge/trust-stores/gate.ts'
import { equalBytes, toHex, type Bytes } from '#shared/bytes.ts'
import { identityOfLeaf } from '#shared/identity/device-identity.ts'
import { identityText } from '#shared/identity/identity-text.ts'
import { parseCrl, type Crl } from '#shared/revocation/crl.ts'
import type { Result } from '#shared/result.ts'
import { claimOctets, sessionClaims } from '#shared/session/claims.ts'
import { importKeyRing, type KeyRing } from '#shared/session/key-ring.ts'
import { openToken, sealToken } from '#shared/session/token.ts'
import { readAlbPassthrough, readAlbVerify } from '#shared/wire/alb.ts'
import { legacyName, rfc2253Name } from '#shared/wire/names.ts'
import { decodePem, encodePem } from '#shared/wire/pem.ts'
import {
  readClientCert,
  readClientCertChain,
  writeClientCert,
  writeClientCertChain,
} from '#shared/wire/rfc9440.ts'
import { decodeUrlPem, encodeUrlPem } from '#shared/wire/url-pem.ts'
import { parseXfcc } from '#shared/wire/xfcc.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { canonicalName, equalNames } from '#shared/x509/name.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { parseCertificationRequest } from '#shared/x509/request.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { placeBase, relationOf } from '#shared/path/name-constraints/match.ts'
import { namesOf } from '#shared/path/name-constraints/placed.ts'
import { answerCase } from '#simulator/commands/verify-answer.ts'
import { readCase, type VerifyCase } from '#simulator/commands/verify-case.ts'
import { createLastWorld } from '#simulator/commands/verify-world.ts'
import { chance, pick } from '#simulator/random.ts'
import { createCompiledTarget } from './compiled-target.ts'
import { derOfPem, type Corpus } from './corpus.ts'
import { mutateDer, type Document } from './der-mutations.ts'
import { flatten, readTree } from './der-tree.ts'
import { must, type Target } from './target.ts'
import { mutateText } from './text-mutations.ts'
import { issuerPem, listPem } from './vectors.ts'

/** All targets over a corpus. */
export async function createTargets(corpus: Corpus): Promise<readonly Target[]> {
  return [
    derTarget('certificate', 400, corpus.certificates, askCertificate),
    derTarget('crl', 270, corpus.crls, askCrl),
    derTarget('request', 120, corpus.requests, askRequest, corpus.certificates),
    derTarget('name', 40, names(corpus.certificates), askName),
    textTarget('header', 40, corpus.headers, askHeader),
    textTarget('pem', 30, corpus.pems, askPem),
    await tokenTarget(),
    await createCompiledTarget(),
    await gateTarget(),
    verifyTarget(corpus.cases),
  ].filter((target) => target !== undefined)
}

function derTarget(
  name: string,
  share: number,
  documents: readonly Document[],
  ask: (der: Bytes) => boolean,
  donors = documents,
): Target {
  return {
    name,
    share,
    make: (random) => {
      const der = mutateDer(pick(random, documents), pick(random, donors), random)
      return { octets: () => der, ask: () => ask(der) }
    },
  }
}

function textTarget(
  name: string,
  share: number,
  texts: readonly string[],
  ask: (text: string) => boolean,
): Target {
  return {
    name,
    share,
    make: (random) => {
      const text = mutateText(pick(random, texts), pick(random, texts), random)
      return { octets: () => new TextEncoder().encode(text), ask: () => ask(text) }
    },
  }
}

/** Names of the corpus, each a document of its own. */
function names(certificates: readonly Document[]): Document[] {
  return certificates.flatMap(({ bytes }) => {
    const parsed = parseCertificate(bytes)
    if (!parsed.ok) return []
    const nodes = readTree(parsed.value.subject) ?? []
    return [{ bytes: parsed.value.subject, nodes, all: flatten(nodes) }]
  })
}

function checkFault(result: Result<unknown, { offset: number; expected: string }>, der: Bytes) {
  if (result.ok) return
  const { offset, expected } = result.error
  must(offset >= 0 && offset <= der.length, `a fault at ${offset} of ${der.length} octets`)
  must(expected !== '', 'a fault that expects nothing')
}

function askCertificate(der: Bytes): boolean {
  const parsed = parseCertificate(der)
  checkFault(parsed, der)
  if (!parsed.ok) return false
  const again = parseCertificate(der.slice())
  must(again.ok && isDeepStrictEqual(factsOf(again.value), factsOf(parsed.value)), 'read otherwise')
  must(equalBytes(parsed.value.der, der), 'not the whole input')
  lookAround(parsed.value)
  return true
}

function factsOf(certificate: Certificate): unknown {
  const { version, serial, issuer, subject, validity, spki, extensions } = certificate
  const { tbs, signature, signatureAlgorithm } = certificate
  return [version, serial, issuer, subject, validity, spki, extensions, tbs, signature].concat(
    signatureAlgorithm,
  )
}

/** Whatever is asked of a certificate once it was read: none of it throws. */
function lookAround(certificate: Certificate): void {
  identityText(identityOfLeaf(certificate))
  const issuer = placeBase({ form: 'directory', name: certificate.issuer })
  for (const { placed } of namesOf(certificate).names) relationOf(placed, issuer)
  askName(certificate.subject)
}

function askName(name: Bytes): boolean {
  const { rdns } = canonicalName(name)
  must(equalNames(name, name.slice()), 'a name unlike itself')
  const text = rfc2253Name(name)
  legacyName(name)
  must(!text.ok || rdns !== undefined, 'a name that can be written and not compared')
  return rdns !== undefined
}

const serials = [Uint8Array.of(), Uint8Array.of(1), Uint8Array.of(0x7f, 0xff), new Uint8Array(40)]

function askCrl(der: Bytes): boolean {
  const parsed = parseCrl(der)
  checkFault(parsed, der)
  if (!parsed.ok) return false
  const again = parseCrl(der.slice())
  must(again.ok && isDeepStrictEqual(summary(again.value), summary(parsed.value)), 'read otherwise')
  return true
}

function summary(crl: Crl): unknown {
  const { issuer, thisUpdate, nextUpdate, number, deltaBase, scope, criticalUnknown, index } = crl
  const found = serials.map((serial) => index.find(serial))
  const others = [...crl.indexOfOthers].map(([key, each]) => [
    key,
    each.size,
    each.find(serials[1] ?? issuer),
  ])
  return [
    issuer,
    thisUpdate,
    nextUpdate,
    number,
    deltaBase,
    scope,
    criticalUnknown,
    index.size,
    found,
    others,
  ]
}

function askRequest(der: Bytes): boolean {
  const parsed = parseCertificationRequest(der)
  checkFault(parsed, der)
  if (!parsed.ok) return false
  const again = parseCertificationRequest(der.slice())
  must(again.ok && isDeepStrictEqual(again.value, parsed.value), 'read otherwise')
  return true
}

function askHeader(text: string): boolean {
  const answers = [askUrlPem(text), askClientCert(text), askClientCertChain(text)]
  readAlbPassthrough(() => text)
  readAlbVerify(() => text)
  const xfcc = parseXfcc(text)
  return answers.includes(true) || xfcc.ok
}

function askUrlPem(text: string): boolean {
  const read = decodeUrlPem(text)
  if (read.ok)
    must(sameDers(decodeUrlPem(encodeUrlPem(read.value)), read.value), 'URL-PEM read otherwise')
  return read.ok
}

function askClientCert(text: string): boolean {
  const read = readClientCert(text)
  if (!read.ok) return false
  const again = readClientCert(writeClientCert(read.value))
  must(again.ok && equalBytes(again.value, read.value), 'Client-Cert read otherwise')
  return true
}

function askClientCertChain(text: string): boolean {
  const read = readClientCertChain(text)
  if (!read.ok) return false
  must(
    sameDers(readClientCertChain(writeClientCertChain(read.value)), read.value),
    'Client-Cert-Chain read otherwise',
  )
  return true
}

function sameDers(read: Result<readonly Bytes[], unknown>, wanted: readonly Bytes[]): boolean {
  return read.ok && read.value.map(toHex).join() === wanted.map(toHex).join()
}

function askPem(text: string): boolean {
  const labels = ['CERTIFICATE', 'X509 CRL'] as const
  const read = labels.map((label) => [label, decodePem(text, label)] as const)
  for (const [label, ders] of read) {
    if (!ders.ok) continue
    const written = ders.value.map((der) => encodePem(label, der)).join('')
    must(sameDers(decodePem(written, label), ders.value), 'PEM read otherwise')
  }
  return read.some(([, ders]) => ders.ok)
}

const audience = 'fleet.example'
const claims = claimOctets({
  exp: 1_900_000_000_000,
  epoch: 7,
  x5t: new Uint8Array(32).fill(1),
  trust: 'c'.repeat(43),
  policy: 'd'.repeat(43),
  path: [['b'.repeat(43), Uint8Array.of(1)]],
})

/** Tokens of a fixed key and nonce, so that every run mutates the same one. */
async function tokenTarget(): Promise<Target> {
  const ring = await fixedRing()
  const token = await sealToken(claims, ring, audience, (count) => new Uint8Array(count))
  const letters = String.fromCharCode(...claims)
  return {
    name: 'token',
    share: 40,
    make: (random) => {
      const text = chance(random, 0.5)
        ? mutateText(token, letters, random)
        : mutateText(letters, token, random)
      return {
        octets: () => new TextEncoder().encode(text),
        ask: () => askToken(text, ring),
      }
    },
  }
}

async function fixedRing(): Promise<KeyRing> {
  const ring = await importKeyRing(`k1:${'A'.repeat(43)}=`)
  if (!ring.ok) throw new Error(ring.error)
  return ring.value
}

/** Sealed or not: what opens says what was sealed, and claims are claims or nothing. */
async function askToken(text: string, ring: KeyRing): Promise<boolean> {
  const read = sessionClaims(Uint8Array.from(text, (letter) => letter.charCodeAt(0)))
  const opened = await openToken(text, ring, audience)
  must(opened === undefined || equalBytes(opened, claims), 'a token says what nobody sealed')
  return opened !== undefined || read !== undefined
}

/** A list in the name of an issuer that the trust store has: only its own is taken. */
async function gateTarget(): Promise<Target> {
  const issuer = parseCertificate(derOfPem(issuerPem))
  if (!issuer.ok) throw new Error(issuer.error.expected)
  const der = derOfPem(listPem)
  const nodes = readTree(der) ?? []
  const document = { bytes: der, nodes, all: flatten(nodes) }
  const context = { held: undefined, issuers: [issuer.value], verifier: createWebCryptoVerifier() }
  return {
    name: 'gate',
    share: 10,
    make: (random) => {
      const isText = chance(random, 0.5)
      const octets = isText
        ? new TextEncoder().encode(mutateText(listPem, listPem, random))
        : mutateDer(document, document, random)
      return {
        octets: () => octets,
        ask: async () => {
          const part = await readTrustPart('crl/a.crl', new Uint8Array(octets), context)
          if (!part.ok || part.value.kind !== 'crl') return false
          const isOurs = equalNames(part.value.crl.issuer, issuer.value.subject)
          must(
            !isOurs || equalBytes(part.value.crl.der, der),
            'a list that its issuer never signed',
          )
          return true
        },
      }
    },
  }
}

/** Paths whose every certificate is needed: with one of them changed there is none. */
function verifyTarget(lines: readonly string[]): Target | undefined {
  if (lines.length === 0) return undefined
  // Each in a world of its own, which it keeps: what a cache knows must change nothing.
  const cases = lines.map((line) => ({ asked: readCase(line), worldOf: createLastWorld() }))
  return {
    name: 'verify',
    share: 10,
    make: (random) => {
      const { asked, worldOf } = pick(random, cases)
      const at = Math.floor(random.next() * asked.chain.length)
      const original = asked.chain[at] ?? asked.chain[0]
      const nodes = readTree(original) ?? []
      const document = { bytes: original, nodes, all: flatten(nodes) }
      const bent = mutateDer(document, document, random)
      return { octets: () => bent, ask: () => askVerify(asked, worldOf, at, bent) }
    },
  }
}

async function askVerify(
  asked: VerifyCase,
  worldOf: ReturnType<typeof createLastWorld>,
  at: number,
  bent: Bytes,
): Promise<boolean> {
  const isSame = asked.chain.some((der) => equalBytes(der, bent))
  const [leaf, ...rest] = asked.chain.map((der, index) => (index === at ? bent : der))
  const answer = await answerCase({ ...asked, chain: [leaf ?? bent, ...rest] }, worldOf)
  const isTaken = answer.outcome === 'accepted'
  // Where a path is left without the changed certificate, it stands beside the path.
  const isWhole = isTaken && answer['intermediates'] === asked.chain.length - 1
  must(!isWhole || isSame, 'a certificate that nobody signed was accepted')
  must(!isTaken || at > 0 || isSame, 'a leaf that nobody signed was accepted')
  return isTaken
}
