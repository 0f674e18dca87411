import { describe, expect, test } from 'vitest'
import { fromBase64 } from '#shared/bytes.ts'
import { checkCertificate } from '#shared/enrollment/check-certificate.ts'
import { checkRequest } from '#shared/enrollment/check-request.ts'
import { profiles } from '#shared/enrollment/profile.ts'
import { instantFromIso } from '#shared/time.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { casesOf, suiteFile } from '../conformance/suites.ts'

/*
 * Encodings of others: what their parsers agree to refuse has an error here too, and nothing, however
 * broken, makes a check throw or find nothing to say.
 */

interface ParseCase {
  readonly id: string
  readonly der: string
  readonly expect?: 'accept' | 'reject'
  readonly consensus?: 'accept' | 'reject' | 'split'
}

const wanted = {
  profile: profiles.device,
  now: instantFromIso('2026-11-22T12:00:00Z'),
  verifier: createWebCryptoVerifier(),
}

interface Tally {
  readonly refused: number
  readonly unexplained: readonly string[]
}

async function tallyOf(file: string): Promise<Tally> {
  const unexplained: string[] = []
  let refused = 0
  for await (const { id, der, expect: verdict, consensus } of casesOf<ParseCase>(file)) {
    const octets = fromBase64(der)
    if (octets === undefined) throw new Error(`${id}: no base64`)
    // A certificate is no request: every one of them is a hostile request.
    const asRequest = await checkRequest(octets, wanted)
    if (asRequest.findings[0]?.severity !== 'error') unexplained.push(`${id} as a request`)
    if ((verdict ?? consensus) !== 'reject') continue
    refused += 1
    const { findings } = await checkCertificate(octets, wanted)
    if (findings[0]?.severity !== 'error') unexplained.push(id)
  }
  return { refused, unexplained }
}

const suites = [
  { name: 'bssl-parse', refused: 42 },
  { name: 'fuzz-openssl-x509', refused: 702 },
] as const

describe('what reference parsers refuse', () => {
  for (const { name, refused } of suites) {
    const file = suiteFile(`${name}.jsonl.gz`)
    test.skipIf(file === undefined)(`${name}: ${refused} of it`, async () => {
      expect(await tallyOf(file ?? '')).toEqual({ refused, unexplained: [] })
    })
  }
})
