import { exportJWK, generateKeyPair } from 'jose'
import { expect, test } from 'vitest'
import { contentDigest } from '#edge/evidence/content-digest.ts'
import { importEvidenceRing, jwksDocument, readEvidenceKeys } from '#edge/evidence/keys.ts'
import { signEvidence, type Accepted } from '#edge/evidence/sign.ts'
import { verifyEvidence } from '#edge/evidence/verify.ts'
import { toUtf8 } from '#shared/bytes.ts'
import { instantFromIso } from '#shared/time.ts'

const noon = instantFromIso('2026-06-15T12:00:00Z')

const accepted: Accepted = {
  outcome: 'accepted',
  identity: {
    serial: '2A',
    subject: 'CN=car-0001',
    issuer: 'CN=Root',
    spiffeId: undefined,
    notBefore: noon,
    notAfter: noon,
  },
  basis: { kind: 'session' },
  evidence: { at: noon, epoch: 7, signaturesSpent: 0 },
}

const random = (count: number) => crypto.getRandomValues(new Uint8Array(count))

test('Ed25519 of this runtime: a ring is imported, signs, is published and verified', async () => {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true })
  const jwk = { ...(await exportJWK(privateKey)), kid: 'a' }
  const ring = await importEvidenceRing(JSON.stringify({ keys: [jwk] }))
  if (!ring.ok) throw new Error(ring.error)
  const keys = await readEvidenceKeys(jwksDocument(ring.value))
  if (!keys.ok) throw new Error(keys.error)

  const bodyDigest = await contentDigest(toUtf8('body'))
  const request = { method: 'POST', path: '/', host: 'target.example', bodyDigest }
  const signing = { ring: ring.value, issuer: 'edge', lifetimeMs: 30_000, random }
  const signed = await signEvidence(accepted, toUtf8('a leaf'), request, signing)
  if (!signed.ok) throw new Error(`${signed.error.length} characters`)

  const trust = {
    keys: keys.value,
    issuer: 'edge',
    skewMs: 0,
    body: 'digest',
    nonces: undefined,
  } as const
  const verified = await verifyEvidence(signed.value, request, trust, noon)
  expect(verified).toMatchObject({ ok: true, value: { serial: '2A', htm: 'POST' } })
  const elsewhere = await verifyEvidence(signed.value, { ...request, path: '/b' }, trust, noon)
  expect(elsewhere).toMatchObject({ ok: false, error: { code: 'other_path' } })
  const bent = `${signed.value.slice(0, -9)}${signed.value.at(-9) === 'A' ? 'B' : 'A'}${signed.value.slice(-8)}`
  expect(await verifyEvidence(bent, request, trust, noon)).toMatchObject({
    ok: false,
    error: { code: 'signature_invalid' },
  })
})

test('private and public halves of two keys are no ring', async () => {
  const one = await exportJWK((await generateKeyPair('EdDSA', { extractable: true })).privateKey)
  const { x } = await exportJWK((await generateKeyPair('EdDSA', { extractable: true })).publicKey)
  const ring = await importEvidenceRing(JSON.stringify({ keys: [{ ...one, x, kid: 'a' }] }))
  expect(ring).toEqual({ ok: false, error: 'evidence key 1 is no private Ed25519 JWK' })
})
