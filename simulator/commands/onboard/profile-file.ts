import { z } from 'zod'
import { catalogue, type CheckCode } from '#shared/enrollment/catalogue.ts'
import { clientAuth, profiles, serverAuth, type DeviceProfile } from '#shared/enrollment/profile.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { formatScenarioError, parseYaml } from '#simulator/scenario/parse.ts'
import { listOf, mapping, oneOf, wholeNumber } from '#simulator/scenario/schema-fields.ts'
import { readHandwritten } from '../handwritten.ts'
import { namedProfile } from './named-profile.ts'
import { longDurationExpected, parseLongDuration } from './duration-years.ts'

/*
 * A user's own profile: what it says stands in place of what the profile that it extends says. As in
 * scenarios, the message of a rule says what was expected, and parse.ts adds what was found and where.
 */

const words = (error: string) => z.string({ error }).min(1, { error })

const duration = z.string({ error: longDurationExpected }).transform((text, context) => {
  const ms = parseLongDuration(text)
  if (ms !== undefined) return ms
  context.addIssue({ code: 'custom', message: longDurationExpected })
  return z.NEVER
})

/** Purposes that have names here (RFC 5280 4.2.1.12); any other by its dotted identifier. */
const purposeNames: Readonly<Record<string, string>> = {
  clientAuth,
  serverAuth,
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
}
const purposeExpected = `one of ${Object.keys(purposeNames).join(', ')}, or a dotted identifier`
const purpose = z.string({ error: purposeExpected }).transform((text, context) => {
  const oid = purposeNames[text] ?? (/^[0-2](\.\d{1,20}){1,20}$/.test(text) ? text : undefined)
  if (oid !== undefined) return oid
  context.addIssue({ code: 'custom', message: purposeExpected })
  return z.NEVER
})

const codes = Object.keys(catalogue)
const severityWords = ['error', 'warning', 'info', 'off'] as const

const identity = mapping({
  from: listOf(oneOf(['commonName', 'serialNumber', 'uri', 'dns']), 1).optional(),
  prefix: z.string({ error: 'a text' }).optional(),
  suffix: z.string({ error: 'a text' }).optional(),
  length_max: wholeNumber(1, 2048).optional(),
  alphabet: oneOf(['registration', 'printable', 'any']).optional(),
  presence: oneOf(['required', 'optional']).optional(),
}).transform(({ length_max: lengthMax, ...rest }) => ({ ...rest, lengthMax }))

const keys = mapping({
  kinds: listOf(oneOf(['P-256', 'P-384', 'P-521', 'Ed25519', 'RSA']), 1).optional(),
  // The core verifies nothing beyond either bound.
  rsa_bits_min: wholeNumber(2048, 8192).optional(),
  rsa_bits_max: wholeNumber(2048, 8192).optional(),
}).transform((raw) => ({
  kinds: raw.kinds,
  rsaBitsMin: raw.rsa_bits_min,
  rsaBitsMax: raw.rsa_bits_max,
}))

const names = mapping({
  forms: listOf(
    oneOf(['dns', 'uri', 'ip', 'email', 'directory', 'otherName', 'registeredID']),
  ).optional(),
  alt_names_max: wholeNumber(0, 512).optional(),
  organization: words('the name of an organization').optional(),
  trust_domain: words('a SPIFFE trust domain').optional(),
}).transform((raw) => ({
  forms: raw.forms,
  altNamesMax: raw.alt_names_max,
  organization: raw.organization,
  trustDomain: raw.trust_domain,
}))

const validity = mapping({
  lifetime_max: duration.optional(),
  skew: duration.optional(),
  no_end: oneOf(['refuse', 'accept']).optional(),
  short_lived: duration.optional(),
}).transform((raw) => ({
  lifetimeMaxMs: raw.lifetime_max,
  skewMs: raw.skew,
  noEnd: raw.no_end,
  shortLivedMs: raw.short_lived,
}))

const chain = mapping({
  length_min: wholeNumber(1, 16).optional(),
  length_max: wholeNumber(1, 16).optional(),
  at: oneOf(['now', 'leafNotBefore']).optional(),
  nesting: oneOf(['required', 'optional']).optional(),
}).transform((raw) => ({
  lengthMin: raw.length_min,
  lengthMax: raw.length_max,
  at: raw.at,
  nesting: raw.nesting,
}))

const severities = mapping(
  Object.fromEntries(codes.map((code) => [code, oneOf(severityWords).optional()])),
)

const profileFile = mapping({
  version: z.literal(1, { error: '1' }),
  name: words('a name'),
  about: words('a text').optional(),
  extends: oneOf(Object.keys(profiles)).default('device'),
  identity: identity.prefault({}),
  keys: keys.prefault({}),
  names: names.prefault({}),
  purposes: mapping({
    required: listOf(purpose).optional(),
    allowed: listOf(purpose).optional(),
  }).prefault({}),
  validity: validity.prefault({}),
  chain: chain.prefault({}),
  service_life: duration.optional(),
  families: listOf(oneOf(['alb', 'idevid', 'svid', 'ocpp', 'matter'])).optional(),
  severities: severities.prefault({}),
})

type ProfileFile = z.infer<typeof profileFile>

/** A user's own profile; or lines that say what is wrong with its file. */
export async function readProfileFile(file: string): Promise<Result<DeviceProfile, string>> {
  return parseProfile(await readHandwritten(file), file)
}

/** A profile of YAML; `file` only names it. */
export function parseProfile(text: string, file: string): Result<DeviceProfile, string> {
  const parsed = parseYaml(text, file, profileFile, findDiscords)
  if (!parsed.ok) return err(parsed.error.map(formatScenarioError).join('\n'))
  return ok(extended(parsed.value))
}

function isCheckCode(text: string): text is CheckCode {
  return Object.hasOwn(catalogue, text)
}

/** Bounds in the wrong order find fault with everything. */
function findDiscords(file: ProfileFile) {
  const { keys: key, chain: length } = extended(file)
  return [
    ...(key.rsaBitsMin > key.rsaBitsMax
      ? [{ path: ['keys', 'rsa_bits_max'], message: 'expected at least rsa_bits_min' }]
      : []),
    ...(length.lengthMin > length.lengthMax
      ? [{ path: ['chain', 'length_max'], message: 'expected at least length_min' }]
      : []),
  ]
}

function extended(file: ProfileFile): DeviceProfile {
  const base = namedProfile(file.extends) ?? profiles.device
  const { name, about = base.about } = file
  const serviceLifeMs = file.service_life ?? base.serviceLifeMs
  const families = file.families ?? base.families
  return {
    name,
    about,
    serviceLifeMs,
    families,
    identity: over(base.identity, file.identity),
    keys: over(base.keys, file.keys),
    names: over(base.names, file.names),
    purposes: over(base.purposes, file.purposes),
    validity: over(base.validity, file.validity),
    chain: over(base.chain, file.chain),
    severities: { ...base.severities, ...saidSeverities(file.severities) },
  }
}

/** What a file says, over what its base says; what it leaves out is the base's. */
function over<Rule extends object>(
  base: Rule,
  said: { readonly [Key in keyof Rule]?: Rule[Key] | undefined },
): Rule {
  const given = Object.entries(said).filter(([, value]) => value !== undefined)
  return { ...base, ...Object.fromEntries(given) }
}

function saidSeverities(
  said: Readonly<Record<string, (typeof severityWords)[number] | undefined>>,
): DeviceProfile['severities'] {
  const given = Object.entries(said).filter(
    ([code, word]) => isCheckCode(code) && word !== undefined,
  )
  return Object.fromEntries(given)
}
