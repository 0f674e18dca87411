import {
  collectFaults,
  readList,
  readObject,
  readText,
  readWord,
  type Report,
} from '#shared/authorization/read-document.ts'
import {
  clientAuth,
  profiles,
  serverAuth,
  type DeviceProfile,
  type ProfileName,
} from '#shared/enrollment/profile.ts'
import { durationExpected, formatDuration, parseDuration } from '#shared/duration.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { Faults, ListenerVariables } from '../variables.ts'
import { grantedForms } from './granted-names.ts'
import { backdateMs, defaultValidityMs } from './registry/granted-validity.ts'
import { importAuthority, readCertificates, type Authority } from './signers/authority.ts'
import type { Template } from './signers/certificate.ts'
import { readStepCaKey, type StepCaKey } from './signers/step-ca-token.ts'
import { parseJsonObject } from '../json.ts'

/** What the EST server of one listener does: RFC 7030 3.2.2 has a label for each kind of device. */
export interface EnrolmentSettings {
  /** By name; `''` is the one without a label. */
  readonly labels: ReadonlyMap<string, EnrolmentLabel>
  readonly cas: ReadonlyMap<string, CaSettings>
  /** What becomes of devices that connect before any registry has seen them; undefined: nobody asks. */
  readonly firstConnections: FirstConnectionRule | undefined
  /** What the registry is to go by in place of its own numbers. */
  readonly rules: EnrolmentTimes
}

/** Just-in-time registration at the first connection. */
export interface FirstConnectionRule {
  /** Where a certificate names its device. */
  readonly identity: DeviceProfile['identity']
  /** What is made of a path none of whose CAs is registered. */
  readonly unregistered: 'refuse' | 'accept'
  /** A request waits for the registry no longer than so many milliseconds. */
  readonly waitMs: number
}

/** Times of a registry, in milliseconds: its own where they are not said. */
export interface EnrolmentTimes {
  /** How long after its end a certificate still renews itself. */
  readonly renewAfterExpiryMs?: number
  /** After which a device asks again whether it was approved. */
  readonly retryAfterMs?: number
}

/** Everything that counts under one label. */
export interface EnrolmentLabel {
  readonly name: string
  readonly profile: DeviceProfile
  readonly ca: CaSettings
  /** CAs of factories, which vouch for a device here and let nobody in. */
  readonly factories: readonly Certificate[]
  /** What is made of a factory's certificate that no list answers for. */
  readonly factoryCrlAbsent: 'refuse' | 'accept'
  /** Names that a device may have beside its own: `dns:{device}.fleet.example`. */
  readonly altNames: readonly string[]
  /** How long its certificates live; undefined: as the registry says. */
  readonly validityMs: number | undefined
}

/** A CA, and how it is asked. */
export type CaSettings = CommonCa &
  (
    | { readonly kind: 'key'; readonly authority: Authority; readonly template: Template }
    | {
        readonly kind: 'step-ca'
        readonly url: string
        readonly provisioner: string
        readonly key: StepCaKey
      }
    | {
        readonly kind: 'est'
        readonly url: string
        readonly user: string
        readonly password: string
      }
  )

interface CommonCa {
  readonly name: string
  /** What `cacerts` hands out: the issuing CA first; at a rollover old and new roots. */
  readonly certificates: readonly Certificate[]
}

/** A variable of a Worker holds 5 kB; other runtimes' are longer: room for bundles of eight CAs. */
const textLengthMax = 64 * 1024

/** Kinds of devices and CAs that one listener has: nobody tells more apart. */
const entriesMax = 32

/** RFC 7030 3.2.2: a label must not be one of the operations. */
const operations: ReadonlySet<string> = new Set([
  'cacerts',
  'simpleenroll',
  'simplereenroll',
  'fullcmc',
  'serverkeygen',
  'csrattrs',
])

/**
 * Reads `ENROLLMENT`, JSON, and the secret `ENROLLMENT_KEYS`, JSON by the names of its CAs. Undefined
 * where neither is set, or where they are wrong: every fault names its place then, and no secret.
 */
export async function readEnrolment(
  { ENROLLMENT, ENROLLMENT_KEYS }: ListenerVariables,
  faults: Faults,
): Promise<EnrolmentSettings | undefined> {
  if (ENROLLMENT === undefined && ENROLLMENT_KEYS === undefined) return undefined
  const document = boundedJson(ENROLLMENT)
  const secrets = boundedJson(ENROLLMENT_KEYS ?? '{}')
  if (document === undefined) faults.add('ENROLLMENT', jsonExpected, undefined)
  if (secrets === undefined) faults.add('ENROLLMENT_KEYS', jsonExpected, undefined)
  if (document === undefined || secrets === undefined) return undefined
  const found = collectFaults('ENROLLMENT')
  const fields = readObject(document, '', documentFields, found.report)
  const firstConnections = readFirstConnections(fields.firstConnections, found.report)
  // Who registers devices of factories' CAs alone signs nothing.
  const isEst = firstConnections === undefined || fields.cas !== undefined
  const cas = isEst ? await readCas(fields.cas, secrets, found.report) : new Map<string, never>()
  const labels =
    isEst || fields.labels !== undefined
      ? readLabels(fields.labels, cas, found.report)
      : new Map<string, never>()
  const rules = readTimes(fields, found.report)
  for (const { key, expected } of found.faults) {
    faults.add('ENROLLMENT', `${expected} (at ENROLLMENT${key && `.${key}`})`, undefined)
  }
  return found.faults.length > 0 ? undefined : { labels, cas, rules, firstConnections }
}

const documentFields = [
  'cas',
  'labels',
  'renewAfterExpiry',
  'retryAfter',
  'firstConnections',
] as const

const firstConnectionFields = ['profile', 'unregistered', 'wait'] as const

/** A registry of the same region answers in some 50 ms; a device gives up after some seconds. */
const [waitDefaultMs, waitMaxMs] = [1000, 10_000]

function readFirstConnections(value: unknown, report: Report): FirstConnectionRule | undefined {
  if (value === undefined) return undefined
  const key = 'firstConnections'
  const fields = readObject(value, key, firstConnectionFields, report)
  const profile = readWord(fields.profile ?? 'device', `${key}.profile`, profileNames, report)
  const words = ['refuse', 'accept'] as const
  const word = readWord(fields.unregistered ?? 'refuse', `${key}.unregistered`, words, report)
  const waitMs = readDuration(fields.wait, `${key}.wait`, report) ?? waitDefaultMs
  if (waitMs > waitMaxMs) report(`${key}.wait`, `at most ${formatDuration(waitMaxMs)}`)
  return {
    identity: profiles[profile ?? 'device'].identity,
    unregistered: word ?? 'refuse',
    waitMs,
  }
}

function readTimes(
  fields: Readonly<Partial<Record<(typeof documentFields)[number], unknown>>>,
  report: Report,
): EnrolmentTimes {
  const renewAfterExpiryMs = readDuration(fields.renewAfterExpiry, 'renewAfterExpiry', report)
  const retryAfterMs = readDuration(fields.retryAfter, 'retryAfter', report)
  return {
    ...(renewAfterExpiryMs !== undefined && { renewAfterExpiryMs }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  }
}

const jsonExpected = `a JSON object of at most ${textLengthMax} characters`

function boundedJson(text: string | undefined): object | undefined {
  return text === undefined || text.length > textLengthMax ? undefined : parseJsonObject(text)
}

/** The members of an object whose keys are names of the operator's. */
function entriesOf(value: unknown, key: string, report: Report): readonly [string, unknown][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const entries = Object.entries(value)
    if (entries.length > 0 && entries.length <= entriesMax) return entries
  }
  report(key, `an object of 1 to ${entriesMax} members`)
  return []
}

async function readCas(
  value: unknown,
  secrets: object,
  report: Report,
): Promise<ReadonlyMap<string, CaSettings>> {
  const cas = new Map<string, CaSettings>()
  for (const [name, entry] of entriesOf(value, 'cas', report)) {
    const secret: unknown = new Map<string, unknown>(Object.entries(secrets)).get(name)
    const ca = await readCa(entry, { name, key: `cas.${name}`, secret, report })
    if (ca !== undefined) cas.set(name, ca)
  }
  return cas
}

interface ReadingCa {
  readonly name: string
  readonly key: string
  readonly secret: unknown
  readonly report: Report
}

const caFields = [
  'kind',
  'certificates',
  'crlUrl',
  'purposes',
  'url',
  'provisioner',
  'user',
] as const

type CaFields = Readonly<Partial<Record<(typeof caFields)[number], unknown>>>

async function readCa(entry: unknown, reading: ReadingCa): Promise<CaSettings | undefined> {
  const { key, report, secret } = reading
  const fields = readObject(entry, key, caFields, report)
  const kind = readWord(fields.kind, `${key}.kind`, ['key', 'step-ca', 'est'], report)
  if (typeof secret !== 'string' || secret === '') {
    report(key, `its secret in ENROLLMENT_KEYS: a text under the name ${reading.name}`)
    return undefined
  }
  switch (kind) {
    case 'key':
      return readKeyCa(fields, secret, reading)
    case 'step-ca':
      return readStepCa(fields, secret, reading)
    case 'est':
      return readEstCa(fields, secret, reading)
    case undefined:
      return undefined
  }
}

async function readKeyCa(
  fields: CaFields,
  secret: string,
  { name, key, report }: ReadingCa,
): Promise<CaSettings | undefined> {
  const pem = readPem(fields.certificates, `${key}.certificates`, report)
  if (pem === undefined) return undefined
  const authority = await importAuthority(pem, secret)
  if (!authority.ok) {
    report(`${key}.certificates`, authority.error)
    return undefined
  }
  const { certificate, others } = authority.value
  const template = {
    purposes: readPurposes(fields.purposes, `${key}.purposes`, report),
    crlUrl: readCrlUrl(fields.crlUrl, `${key}.crlUrl`, report),
  }
  const certificates = [certificate, ...others]
  return { kind: 'key', name, certificates, authority: authority.value, template }
}

const purposeWords = { clientAuth, serverAuth } as const

function readPurposes(value: unknown, key: string, report: Report): readonly string[] {
  if (value === undefined) return [clientAuth]
  const words = ['clientAuth', 'serverAuth'] as const
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  const found = list.map((each) => readWord(each, key, words, report))
  if (!found.includes('clientAuth')) report(key, 'clientAuth among them: devices are let in by it')
  return found.filter((each) => each !== undefined).map((each) => purposeWords[each])
}

/** RFC 5280 4.2.1.13, 8: a list that has to be fetched over TLS may need itself. */
function readCrlUrl(value: unknown, key: string, report: Report): string | undefined {
  if (value === undefined) return undefined
  const text = readText(value, key, report)
  if (text !== undefined && /^http:[\x21-\x7e]+$/.test(text) && URL.canParse(text)) return text
  report(key, 'an http: URL of ASCII characters')
  return undefined
}

async function readStepCa(
  fields: CaFields,
  secret: string,
  { name, key, report }: ReadingCa,
): Promise<CaSettings | undefined> {
  const provisioner = readText(fields.provisioner, `${key}.provisioner`, report)
  const url = readUrl(fields.url, `${key}.url`, report)
  const certificates = readBundle(fields.certificates, `${key}.certificates`, report)
  const imported = await readStepCaKey(secret)
  if (!imported.ok) report(key, `in ENROLLMENT_KEYS ${imported.error}`)
  if (provisioner === undefined || url === undefined || certificates.length === 0) return undefined
  if (!imported.ok) return undefined
  return { kind: 'step-ca', name, certificates, url, provisioner, key: imported.value }
}

function readEstCa(
  fields: CaFields,
  password: string,
  { name, key, report }: ReadingCa,
): CaSettings | undefined {
  const user = readText(fields.user, `${key}.user`, report)
  const url = readUrl(fields.url, `${key}.url`, report)
  const certificates = readBundle(fields.certificates, `${key}.certificates`, report)
  if (user?.includes(':') === true) report(`${key}.user`, 'no colon in it (RFC 7617 section 2)')
  if (user === undefined || url === undefined || certificates.length === 0) return undefined
  return { kind: 'est', name, certificates, url, user, password }
}

/** Tokens and passwords go there: nobody may read along. Without the slash at its end. */
function readUrl(value: unknown, key: string, report: Report): string | undefined {
  const text = readText(value, key, report)
  if (text !== undefined && text.startsWith('https://') && URL.canParse(text)) {
    return text.replace(/\/+$/, '')
  }
  report(key, 'an https: URL')
  return undefined
}

function readPem(value: unknown, key: string, report: Report): string | undefined {
  if (typeof value === 'string' && value !== '') return value
  report(key, 'certificates in PEM, the issuing CA first')
  return undefined
}

function readBundle(value: unknown, key: string, report: Report): readonly Certificate[] {
  const pem = readPem(value, key, report)
  if (pem === undefined) return []
  const certificates = readCertificates(pem)
  if (certificates.ok) return certificates.value
  report(key, certificates.error)
  return []
}

function readLabels(
  value: unknown,
  cas: ReadonlyMap<string, CaSettings>,
  report: Report,
): ReadonlyMap<string, EnrolmentLabel> {
  const labels = new Map<string, EnrolmentLabel>()
  for (const [name, entry] of entriesOf(value, 'labels', report)) {
    const label = readLabel(name, entry, cas, report)
    if (label !== undefined) labels.set(name, label)
  }
  return labels
}

const labelFields = [
  'profile',
  'ca',
  'factories',
  'factoryCrlAbsent',
  'altNames',
  'validity',
] as const

function readLabel(
  name: string,
  entry: unknown,
  cas: ReadonlyMap<string, CaSettings>,
  report: Report,
): EnrolmentLabel | undefined {
  const key = `labels.${name}`
  if (!/^[A-Za-z0-9._-]{0,63}$/.test(name) || operations.has(name)) {
    report(key, 'a label of up to 63 letters, digits, . _ - that is no operation of EST')
  }
  const fields = readObject(entry, key, labelFields, report)
  const profile = readWord(fields.profile ?? 'device', `${key}.profile`, profileNames, report)
  const ca = readWord(fields.ca, `${key}.ca`, [...cas.keys()], report)
  const settings = ca === undefined ? undefined : cas.get(ca)
  const factoryCrlAbsent = readWord(
    fields.factoryCrlAbsent ?? 'refuse',
    `${key}.factoryCrlAbsent`,
    ['refuse', 'accept'],
    report,
  )
  const factories =
    fields.factories === undefined ? [] : readBundle(fields.factories, `${key}.factories`, report)
  const altNames = readAltNames(fields.altNames, `${key}.altNames`, report)
  if (profile === undefined || settings === undefined || factoryCrlAbsent === undefined) {
    return undefined
  }
  const rules = { profile: withoutChallenge(profiles[profile]), ca: settings, altNames }
  const validityMs = readValidity(fields.validity, `${key}.validity`, profiles[profile], report)
  return { name, ...rules, factories, factoryCrlAbsent, validityMs }
}

/**
 * No certificate lives for longer than its profile knows, from its beginning a little before now. More
 * is a fault; the registry's own word is cut to that.
 */
function readValidity(
  value: unknown,
  key: string,
  { validity: { lifetimeMaxMs } }: DeviceProfile,
  report: Report,
): number | undefined {
  const askedMs = readDuration(value, key, report)
  if (askedMs !== undefined && askedMs > lifetimeMaxMs) {
    report(key, `at most ${formatDuration(lifetimeMaxMs)}, the longest life that its profile knows`)
  }
  const mostMs = lifetimeMaxMs - backdateMs
  if (askedMs !== undefined) return Math.min(askedMs, mostMs)
  return defaultValidityMs > mostMs ? mostMs : undefined
}

function readDuration(value: unknown, key: string, report: Report): number | undefined {
  if (value === undefined) return undefined
  const ms = parseDuration(typeof value === 'string' ? value : '')
  if (ms !== undefined && ms > 0) return ms
  report(key, durationExpected)
  return undefined
}

/** RFC 7030 3.5: a challengePassword binds to tls-unique, and MUST be verified where it is sent: nobody can. */
function withoutChallenge(profile: DeviceProfile): DeviceProfile {
  return { ...profile, severities: { ...profile.severities, 'csr.challenge': 'error' } }
}

/** A device has a name or two beside its own. */
const altNamesMax = 16

function readAltNames(value: unknown, key: string, report: Report): readonly string[] {
  const forms = grantedForms.map((form) => `${form}:`)
  return readList(value, key, altNamesMax, report).flatMap((each, index) => {
    const text = readText(each, `${key}[${index}]`, report) ?? ''
    const isForm = forms.some((form) => text.startsWith(form))
    if (isForm && text.includes('{device}')) return [text]
    report(`${key}[${index}]`, `${forms.join(', ')} with {device} where the device's name stands`)
    return []
  })
}

const profileNames = Object.keys(profiles) as readonly ProfileName[]
