import { normalisePath, type PathNormalisation } from '#shared/authorization/normalise-path.ts'
import {
  collectFaults,
  readList,
  readObject,
  readText,
  type Report,
} from '#shared/authorization/read-document.ts'
import type { ListenerPolicy, RoutedPolicy } from '../listener.ts'
import { Faults, word, type ListenerVariables, type VariableName } from '../variables.ts'
import { readVerification } from './verification-variables.ts'
import { parseJson } from '../json.ts'

/** Every request asks them all, in their order; ALB has 100 rules a load balancer. */
const policiesMax = 64

/** ALB allows five values a rule; nobody reads more than this in one. */
const patternsMax = 16

/** Of all policies: what a path of 16 K, made to fit nearly, costs each request is bounded by this. */
const patternsOfAllMax = 128

/** ALB: a host or a path of a condition has at most 128 characters. */
const patternLengthMax = 128

/** A variable of a Worker holds 5 kB; other runtimes' are longer. */
const textLengthMax = 64 * 1024

/** What a policy may say for itself, each in the words of the listener's variable. */
const settings = {
  mode: 'MODE',
  certificate: 'CERTIFICATE',
  expired: 'EXPIRED',
  revocationOf: 'REVOCATION_OF',
  crlGrace: 'CRL_GRACE',
  crlStale: 'CRL_STALE',
  crlAbsent: 'CRL_ABSENT',
  crlMaxAge: 'CRL_MAX_AGE',
  purposeAnyEku: 'PURPOSE_ANY_EKU',
  algorithms: 'ALGORITHMS',
  profile: 'PROFILE',
  attested: 'ATTESTED',
} as const satisfies Readonly<Record<string, VariableName>>

type Setting = keyof typeof settings

const settingNames = Object.keys(settings) as readonly Setting[]

/** Names that log lines and metrics have a meaning for: modes, and what is beyond a bound. */
const reservedNames: ReadonlySet<string> = new Set(['verify', 'passthrough', 'off', 'other'])

/** The policy of a listener's own variables. */
export function readOwnPolicy(variables: ListenerVariables, faults: Faults): ListenerPolicy {
  const mode = word(variables, 'MODE', ['verify', 'passthrough', 'off'], faults)
  const certificate = word(variables, 'CERTIFICATE', ['required', 'optional'], faults)
  if (certificate === 'optional' && mode !== 'verify') {
    faults.add('CERTIFICATE', 'optional only with MODE verify: elsewhere it is anyway', undefined)
  }
  return { policyName: mode, mode, certificate, policy: readVerification(variables, faults) }
}

/**
 * Reads the variable `POLICIES`: JSON, a list of `{ name, hosts, paths, … }` in the order in which
 * they are asked. What a policy does not say of itself is as the listener's own variables say; a
 * certificate is required unless the policy itself says that it is optional.
 *
 * @param normalisation of the paths that the patterns will be asked about
 * @param faults are told with their place: `POLICIES[1].paths[0]`
 */
export function readRoutedPolicies(
  variables: ListenerVariables,
  normalisation: PathNormalisation | undefined,
  faults: Faults,
): readonly RoutedPolicy[] {
  const { POLICIES } = variables
  if (POLICIES === undefined) return []
  const entries = entriesOf(POLICIES)
  if (entries === undefined) {
    const expected = `a JSON list of 1 to ${policiesMax} policies, in at most ${textLengthMax} characters`
    return faults.add('POLICIES', expected, [])
  }
  const found = collectFaults('POLICIES')
  const read = { variables, normalisation: normalisation ?? 'none', report: found.report }
  const policies = entries.map((entry, index) => readEntry(entry, `[${index}]`, read))
  reportTwins(policies, found.report)
  reportTooMany(policies, found.report)
  for (const { key, expected } of found.faults) {
    faults.add('POLICIES', `${expected} (at POLICIES${key})`, undefined)
  }
  return policies
}

function entriesOf(text: string): readonly unknown[] | undefined {
  const value = text.length > textLengthMax ? undefined : parseJson(text)
  if (!Array.isArray(value)) return undefined
  return value.length > 0 && value.length <= policiesMax ? value : undefined
}

interface Reading {
  readonly variables: ListenerVariables
  readonly normalisation: PathNormalisation
  readonly report: Report
}

function readEntry(entry: unknown, key: string, reading: Reading): RoutedPolicy {
  const { report } = reading
  const fields = readObject(entry, key, ['name', 'hosts', 'paths', ...settingNames], report)
  const hosts = readPatterns(fields.hosts, `${key}.hosts`, report, readHost)
  const paths = readPatterns(fields.paths, `${key}.paths`, report, (text) =>
    readPath(text, reading.normalisation),
  )
  if (fields.hosts === undefined && fields.paths === undefined) {
    report(key, 'hosts or paths: for every request there are the variables of the listener')
  }
  return {
    ...readSettings(fields, key, reading),
    policyName: readName(fields.name, `${key}.name`, report),
    hosts,
    paths,
  }
}

/** A name becomes a label of metrics and a word in log lines. */
function readName(value: unknown, key: string, report: Report): string {
  const isName = typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(value)
  if (isName && !reservedNames.has(value)) return value
  const reserved = [...reservedNames].join(', ')
  report(key, `a name of 1 to 63 letters, digits, dots, hyphens and _, and none of ${reserved}`)
  return ''
}

function readPatterns(
  value: unknown,
  key: string,
  report: Report,
  read: (text: string) => { readonly pattern: string } | { readonly expected: string },
): readonly string[] {
  const list = readList(value, key, patternsMax, report)
  if (Array.isArray(value) && value.length === 0) report(key, 'at least one pattern')
  return list.map((member, index) => {
    const place = `${key}[${index}]`
    const text = readText(member, place, report)
    if (text === undefined) return ''
    const found = text.length > patternLengthMax ? tooLong : read(text)
    if ('pattern' in found) return found.pattern
    report(place, found.expected)
    return ''
  })
}

const tooLong = { expected: `at most ${patternLengthMax} characters` }

/** Host names are asked about in lower case, without port and final dot. */
function readHost(text: string): { readonly pattern: string } | { readonly expected: string } {
  if (/^[A-Za-z0-9.*?-]*[A-Za-z0-9*?-]$/.test(text)) return { pattern: text.toLowerCase() }
  return { expected: 'a host name without port or final dot, of letters, digits, - . * ?' }
}

/** A pattern in a spelling that no normalised path has is one that nobody ever meets. */
function readPath(
  text: string,
  to: PathNormalisation,
): { readonly pattern: string } | { readonly expected: string } {
  if (!/^[/*]/.test(text)) return { expected: 'a pattern that starts with / or *' }
  // Both wildcards are characters of a path here: `?` would begin a query.
  const asPath = text.replaceAll('?', '*').replace(/^(?=\*)/, '/')
  const normalised = normalisePath(asPath, to)
  if (!normalised.ok) return { expected: normalised.error }
  if (normalised.value === asPath) return { pattern: text }
  return { expected: `a path as it is when normalised, like ${normalised.value}` }
}

/** A setting is read as the variable of the listener is; what is wrong with others is told there. */
function readSettings(
  fields: Readonly<Partial<Record<Setting, unknown>>>,
  key: string,
  { variables, report }: Reading,
): ListenerPolicy {
  const given = settingNames.filter((setting) => fields[setting] !== undefined)
  const texts = given.map((setting) => {
    return [settings[setting], readText(fields[setting], `${key}.${setting}`, report)] as const
  })
  const faults = new Faults()
  const inherited = { ...variables, CERTIFICATE: 'required' }
  const policy = readOwnPolicy({ ...inherited, ...Object.fromEntries(texts) }, faults)
  for (const setting of given) {
    for (const { variable, expected } of faults.all) {
      if (variable === settings[setting]) report(`${key}.${setting}`, expected)
    }
    if (policy.mode !== 'verify' && setting !== 'mode' && setting !== 'certificate') {
      report(`${key}.${setting}`, `nothing with mode ${policy.mode}, which does not ask it`)
    }
  }
  return policy
}

function reportTooMany(policies: readonly RoutedPolicy[], report: Report): void {
  const patterns = policies.flatMap(({ hosts, paths }) => [...hosts, ...paths])
  if (patterns.length > patternsOfAllMax) {
    report('', `at most ${patternsOfAllMax} patterns in all, and not ${patterns.length}`)
  }
}

function reportTwins(policies: readonly RoutedPolicy[], report: Report): void {
  const seen = new Set<string>()
  for (const [index, { policyName }] of policies.entries()) {
    if (policyName !== '' && seen.has(policyName)) {
      report(`[${index}].name`, 'a name that no policy before it has')
    }
    seen.add(policyName)
  }
}
