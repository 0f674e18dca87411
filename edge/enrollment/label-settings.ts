import {
  readList,
  readObject,
  readText,
  readWord,
  type Report,
} from '#shared/authorization/read-document.ts'
import { formatDuration } from '#shared/duration.ts'
import { profiles, type DeviceProfile } from '#shared/enrollment/profile.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { CaSettings } from './ca-settings.ts'
import { grantedForms } from './granted-names.ts'
import { backdateMs, defaultValidityMs } from './registry/granted-validity.ts'
import { entriesOf, profileNames, readBundle, readDuration } from './setting-fields.ts'

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
 * The labels by their names. One that is wrong is left out, and every fault is reported at its place.
 *
 * @param cas those that a label may name
 */
export function readLabels(
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
