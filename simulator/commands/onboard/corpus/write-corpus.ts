import { createHash } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bytes } from '#shared/bytes.ts'
import { isoFromInstant, shift, type Instant } from '#shared/time.ts'
import { writeCertsOnly } from '#shared/wire/certs-only.ts'
import { parseCertificationRequest } from '#shared/x509/request.ts'
import { time, utf8String } from '#simulator/ca/der.ts'
import type { CorpusCase, CorpusWorld } from './case.ts'
import { certificateCases, serialCases } from './certificates.ts'
import { chainCases } from './chains.ts'
import { p256Keys } from './keys.ts'
import { attribute, authority, commonName, dayMs, nameOf, type Issuer } from './maker.ts'
import { profileCases } from './profile-cases.ts'
import { requestCases } from './requests.ts'
import { deniedCase, reusedKeyCases, weakKeyCases } from './weak-keys.ts'

/** What `manifest.json` says of one file. */
interface ManifestEntry {
  readonly file: string
  readonly profile: CorpusCase['profile']
  readonly kind: CorpusCase['kind']
  readonly expects: CorpusCase['expects']
  readonly about: string
}

export interface Manifest {
  readonly version: 1
  /** The instant that all dates are around, ISO 8601. */
  readonly now: string
  readonly denyList: string
  /** Names say in which order files are to be read: of two that share something the second is at fault. */
  readonly cases: readonly ManifestEntry[]
}

const suffixes = { request: 'csr', certificate: 'cer', chain: 'p7c' } as const

/**
 * Writes the corpus into a directory: a folder a profile, DER or PKCS #7 a case, `manifest.json`,
 * `deny-list.txt` and a README. Names are the same at each writing; keys, and so octets, are not.
 *
 * @throws where a file cannot be written
 */
export async function writeCorpus(directory: string, now: Instant): Promise<Manifest> {
  const world = createWorld(now)
  const cases: ManifestEntry[] = []
  let denied = ''
  for (const each of allCases()) {
    const folder = join(directory, each.profile)
    await mkdir(folder, { recursive: true })
    const name = each.name.startsWith(`${each.kind}-`) ? each.name : `${each.kind}-${each.name}`
    const file = `${each.profile}/${name}.${suffixes[each.kind]}`
    const ders = each.make(world, each.name)
    const [first = new Uint8Array(0)] = ders
    await writeFile(join(directory, file), each.kind === 'chain' ? writeCertsOnly(ders) : first)
    if (each.name === deniedCase) denied = keySha256Of(first)
    const { profile, kind, expects, about } = each
    cases.push({ file, profile, kind, expects, about })
  }
  const manifest: Manifest = {
    version: 1,
    now: isoFromInstant(now),
    denyList: 'deny-list.txt',
    cases: cases.toSorted((a, b) => (a.file < b.file ? -1 : 1)),
  }
  await writeFile(join(directory, 'manifest.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
  await writeFile(join(directory, manifest.denyList), `${denied}  # ${deniedCase}\n`)
  await writeFile(join(directory, 'README.md'), readme(manifest))
  return manifest
}

function allCases(): readonly CorpusCase[] {
  return [
    ...requestCases,
    ...weakKeyCases,
    ...reusedKeyCases(),
    ...certificateCases,
    ...serialCases,
    ...chainCases,
    ...profileCases,
  ]
}

function createWorld(now: Instant): CorpusWorld {
  const root = issuerNamed('Corpus Root')
  const issuing = issuerNamed('Corpus Issuing CA')
  const end = { notAfter: time(shift(now, 7300 * dayMs)) }
  return {
    now,
    root,
    issuing,
    rootDer: authority(root, root, now, end),
    issuingDer: authority(issuing, root, now),
  }
}

function issuerNamed(name: string): Issuer {
  return {
    name: nameOf(attribute('2.5.4.10', utf8String('Corpus')), commonName(name)),
    keys: p256Keys(),
  }
}

function keySha256Of(der: Bytes): string {
  const parsed = parseCertificationRequest(der)
  if (!parsed.ok) throw new Error(`${deniedCase} is no request`)
  return createHash('sha256').update(parsed.value.spki).digest('hex')
}

function readme({ now, cases }: Manifest): string {
  const bad = cases.filter(({ expects }) => expects.length > 0).length
  const profiles = [...new Set(cases.map(({ profile }) => profile))]
  const commands = profiles.map(
    (profile) =>
      `sallyport onboard check ${profile} --profile ${profile} --deny-list deny-list.txt --now ${now}`,
  )
  return `# Requests and certificates that are wrong on purpose

${cases.length} files, ${bad} of them with a fault that a CA, a registration authority or a relying party has to
find; the others are good, and must be let through. \`manifest.json\` says of each what is wrong with
it and by which codes \`sallyport onboard check\` finds it (\`sallyport onboard checks\` lists them).

Requests are PKCS #10 in DER (\`.csr\`), certificates X.509 in DER (\`.cer\`), chains certs-only
PKCS #7 (\`.p7c\`), the device's certificate first. Dates are around ${now}. No key is in use
anywhere; private halves were thrown away, but for the ones that everybody has.

\`\`\`sh
${commands.join('\n')}
\`\`\`
`
}
