import { strictFreshness } from '#shared/revocation/freshness.ts'
import { readFile } from 'node:fs/promises'
import { Command, Option } from 'commander'
import type { Bytes } from '#shared/bytes.ts'
import type { DerFault } from '#shared/der/reader.ts'
import { expiredExpected, parseExpired } from '#shared/path/expired-policy.ts'
import { identityText } from '#shared/identity/identity-text.ts'
import { strictPolicy, type VerificationPolicy } from '#shared/path/policy.ts'
import { profiles, type ProfileName } from '#shared/path/profile/profiles.ts'
import type { Result } from '#shared/result.ts'
import { createAuthenticatedCrls } from '#shared/revocation/authenticated-crls.ts'
import { parseCrl } from '#shared/revocation/crl.ts'
import { instantFromIso, instantFromMs, isoFromInstant, type Instant } from '#shared/time.ts'
import {
  albLimits,
  buildTrustStore,
  defaultLimits,
  type TrustStore,
} from '#shared/trust-store/trust-store.ts'
import { answers } from '#shared/verdict/answers.ts'
import type { Decision } from '#shared/verdict/decision.ts'
import { verify } from '#shared/verify.ts'
import { decodePem } from '#shared/wire/pem.ts'
import { algorithmSets, type AlgorithmSetName } from '#shared/x509/algorithm-sets.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { fileFault, messageOf, unusable } from './options.ts'
import { runBatch } from './verify-batch.ts'
import { jsonFactsOf } from './verify-json.ts'

interface VerifyFlags {
  readonly trust?: string
  readonly batch?: string
  readonly crl: readonly string[]
  readonly at?: string
  readonly expired: string
  readonly revocation?: VerificationPolicy['revocation']['of']
  readonly limits: 'default' | 'alb'
  readonly algorithms: AlgorithmSetName
  readonly profile: ProfileName
}

export function verifyCommand(): Command {
  return new Command('verify')
    .description(
      'decide on one certificate chain, as the edge worker would, and print the decision as JSON',
    )
    .argument('[chain]', 'PEM file: the leaf first, then its intermediates in any order')
    .option('--trust <file>', 'PEM file of the trust anchors (required with <chain>)')
    .option('--crl <file>', 'a CRL, DER or PEM; may be given more than once', collect, [])
    .option('--at <instant>', 'decide as of this instant, like 2027-01-31T12:00:00Z (default: now)')
    .option('--expired <word>', 'refuse, allow, or "grace 14d"', 'refuse')
    .addOption(
      new Option(
        '--revocation <whose>',
        'whose status is asked (default: chain where a CRL is given, else none)',
      ).choices(['chain', 'leaf', 'none']),
    )
    .addOption(
      new Option('--limits <name>', 'bounds on chains')
        .choices(['default', 'alb'])
        .default('default'),
    )
    .addOption(
      new Option('--algorithms <set>', 'signatures and keys that are taken')
        .choices(Object.keys(algorithmSets))
        .default('modern'),
    )
    .addOption(
      new Option('--profile <word>', 'how much of RFC 5280 section 4 is asked of each certificate')
        .choices(['tolerant', 'rfc5280', 'conforming'])
        .default('tolerant'),
    )
    .addOption(
      new Option(
        '--batch <file>',
        'answer a file of cases instead, one JSON object a line (-: standard input)',
        // A case brings all this itself: beside --batch these flags would say nothing.
      ).conflicts([
        'trust',
        'crl',
        'at',
        'expired',
        'revocation',
        'limits',
        'algorithms',
        'profile',
      ]),
    )
    .addHelpText('after', exitStatuses)
    .action(runVerify)
}

const exitStatuses = `
Exit status: 0 accepted, 1 refused, 2 the input cannot be used.

With --batch each line is a case: {"id", "chain": [leaf, ...], "trust": [...], "crls": [...],
"time", "purpose", "maxDepth", "revocation", "policy", "anchor", "algs", "profile"}, certificates
and CRLs as base64 of their DER; "profile" is tolerant, rfc5280 (the default) or conforming. Each
gives a line in the same order: {"id", "outcome", "code", ...}, where "unsupported" names settings
that were not honoured; or {"line", "error"} for what is no case.
Exit status then: 0 every line was a case, 2 some line was none.`

async function runVerify(chain: string | undefined, flags: VerifyFlags): Promise<void> {
  if (flags.batch !== undefined) return verifyBatchFile(flags.batch, chain)
  if (chain === undefined) return unusable('verify: expected a chain, or --batch <file>')
  if (flags.trust === undefined) return unusable('verify: expected --trust <file>')
  return verifyChainFile(chain, flags.trust, flags)
}

async function verifyBatchFile(file: string, chain: string | undefined): Promise<void> {
  if (chain !== undefined) return unusable(`verify: expected --batch <file> or ${chain}, not both`)
  const isUsable = await runBatch(file, process.stdout).catch((error: unknown) =>
    unusable(fileFault(file, error)),
  )
  process.exitCode = isUsable ? 0 : 2
}

async function verifyChainFile(chain: string, trust: string, flags: VerifyFlags): Promise<void> {
  const store = await readTrustStore(trust, flags)
  const [leaf, ...intermediates] = await readCertificates(chain)
  if (leaf === undefined) unusable(`${chain}: it holds no certificate`)
  const verifier = createWebCryptoVerifier()
  const decision = await verify(
    { kind: 'chain', leaf, intermediates },
    {
      store,
      policy: policyOf(flags),
      now: instantOf(flags),
      verifier,
      crls: createAuthenticatedCrls(verifier),
    },
  )
  process.stdout.write(`${JSON.stringify(toJson(decision), undefined, 2)}\n`)
  process.exitCode = decision.outcome === 'accepted' ? 0 : 1
}

async function readTrustStore(trust: string, { crl, limits }: VerifyFlags): Promise<TrustStore> {
  const anchors = (await readCertificates(trust)).map((der, index) =>
    parsed(parseCertificate(der), `${trust}: certificate ${index + 1}`),
  )
  const crls = await Promise.all(
    crl.map(async (file) => parsed(parseCrl(await readCrlFile(file)), `${file}: CRL`)),
  )
  const bounds = limits === 'alb' ? albLimits : defaultLimits
  return buildTrustStore({ anchors, intermediates: [], crls, epoch: 0, limits: bounds })
}

async function readCertificates(file: string): Promise<readonly Bytes[]> {
  const ders = decodePem((await readInput(file)).toString('latin1'), 'CERTIFICATE')
  if (!ders.ok) return unusable(`${file}: line ${ders.error.line}: expected ${ders.error.expected}`)
  return ders.value
}

/** DER begins with the tag of a SEQUENCE, which no PEM text does. */
async function readCrlFile(file: string): Promise<Bytes> {
  const octets = await readInput(file)
  if (octets[0] === 0x30) return new Uint8Array(octets)
  const ders = decodePem(octets.toString('latin1'), 'X509 CRL')
  if (!ders.ok) return unusable(`${file}: line ${ders.error.line}: expected ${ders.error.expected}`)
  const [only, ...more] = ders.value
  if (only === undefined || more.length > 0)
    return unusable(`${file}: expected one CRL, got ${ders.value.length}`)
  return only
}

/** Before a text that some editor of Windows has saved: no part of it. */
const byteOrderMark = Uint8Array.of(0xef, 0xbb, 0xbf)

async function readInput(file: string): Promise<Buffer> {
  const octets = await readFile(file).catch((error: unknown) => unusable(fileFault(file, error)))
  return octets.subarray(0, 3).equals(byteOrderMark) ? octets.subarray(3) : octets
}

function parsed<Value>(result: Result<Value, DerFault>, what: string): Value {
  if (result.ok) return result.value
  return unusable(`${what}, byte ${result.error.offset}: expected ${result.error.expected}`)
}

function policyOf(flags: VerifyFlags): VerificationPolicy {
  const of = flags.revocation ?? (flags.crl.length > 0 ? 'chain' : 'none')
  return {
    ...strictPolicy,
    expired: expiredOf(flags.expired),
    revocation: { of, freshness: strictFreshness },
    algorithms: algorithmSets[flags.algorithms],
    profile: profiles[flags.profile],
  }
}

function expiredOf(text: string): VerificationPolicy['expired'] {
  return parseExpired(text) ?? unusable(`--expired ${text}: expected ${expiredExpected}`)
}

function instantOf({ at }: VerifyFlags): Instant {
  if (at === undefined) return instantFromMs(Date.now())
  try {
    return instantFromIso(at)
  } catch (error) {
    return unusable(`--at: ${messageOf(error)}`)
  }
}

/** The decision for people and scripts: instants in ISO 8601, no raw bytes. */
function toJson(decision: Decision): unknown {
  const at = isoFromInstant(decision.evidence.at)
  if (decision.outcome === 'accepted') {
    const { notBefore, notAfter, ...identity } = identityText(decision.identity)
    const validity = { notBefore: isoFromInstant(notBefore), notAfter: isoFromInstant(notAfter) }
    return { outcome: 'accepted', at, identity: { ...identity, ...validity } }
  }
  const { code } = decision.rejection
  const { status, alb } = answers[code]
  return {
    outcome: 'refused',
    at,
    code,
    status,
    albReason: alb,
    facts: jsonFactsOf(decision.rejection),
  }
}

function collect(file: string, files: readonly string[]): readonly string[] {
  return [...files, file]
}
