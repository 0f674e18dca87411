import { err, ok, type Result } from '#shared/result.ts'
import {
  collectFaults,
  readList,
  readObject,
  readText,
  readTop,
  type PolicyFault,
  type Report,
} from './read-document.ts'
import { usualPlaces, type TokenPlace, type TokenRule } from './token-rule.ts'

/** Nobody trusts more issuers, audiences or places in one setting; every request asks them all. */
const listLengthMax = 16

/** Sixteen RSA keys with their chains; a JWK Set of an identity provider has two or three. */
const jwksLengthMax = 32 * 1024

/**
 * Reads a RequestAuthentication as Istio writes it, already parsed from YAML or JSON. What is not done
 * here (claims written to headers, discovery of keys by the issuer's name) is refused like anything unknown.
 *
 * @param file named in faults
 * @returns its rules, or every fault: none of them is in force then
 */
export function readRequestAuthentication(
  document: unknown,
  file: string,
): Result<readonly TokenRule[], readonly PolicyFault[]> {
  const { faults, report } = collectFaults(file)
  const top = readTop(document, 'RequestAuthentication', report)
  const named = ['name', 'namespace', 'annotations', 'labels'] as const
  readText(readObject(top.metadata, 'metadata', named, report).name, 'metadata.name', report)
  const { jwtRules } = readObject(top.spec, 'spec', ['jwtRules'], report)
  const rules = readList(jwtRules, 'spec.jwtRules', listLengthMax, report).map((rule, index) =>
    readRule(rule, `spec.jwtRules[${index}]`, report),
  )
  if (rules.length === 0) report('spec.jwtRules', 'at least one rule')
  const whole = rules.filter((rule) => rule !== undefined)
  return faults.length > 0 ? err(faults) : ok(whole)
}

const ruleFields = [
  'issuer',
  'audiences',
  'jwks',
  'jwksUri',
  'fromHeaders',
  'fromParams',
  'fromCookies',
  'forwardOriginalToken',
] as const

function readRule(value: unknown, key: string, report: Report): TokenRule | undefined {
  const rule = readObject(value, key, ruleFields, report)
  // Istio takes it away unless told otherwise: what is not done is asked to be said.
  if (rule.forwardOriginalToken !== true) {
    report(`${key}.forwardOriginalToken`, 'true: tokens go on to the target')
  }
  const issuer = readText(rule.issuer, `${key}.issuer`, report)
  const audiences = readTexts(rule.audiences, `${key}.audiences`, report)
  const keys = readKeys(rule, key, report)
  const places = [
    ...readHeaders(rule.fromHeaders, `${key}.fromHeaders`, report),
    ...readNames('param', rule.fromParams, `${key}.fromParams`, report),
    ...readNames('cookie', rule.fromCookies, `${key}.fromCookies`, report),
  ]
  if (issuer === undefined || keys === undefined) return undefined
  return { issuer, audiences, keys, places: places.length === 0 ? usualPlaces : places }
}

function readTexts(value: unknown, key: string, report: Report): readonly string[] {
  const read = readList(value, key, listLengthMax, report).map((each, index) =>
    readText(each, `${key}[${index}]`, report),
  )
  return read.filter((text) => text !== undefined)
}

function readKeys(
  { jwks, jwksUri }: Readonly<Partial<Record<'jwks' | 'jwksUri', unknown>>>,
  key: string,
  report: Report,
): TokenRule['keys'] | undefined {
  if ((jwks === undefined) === (jwksUri === undefined)) {
    report(key, 'jwks or jwksUri, one of them')
    return undefined
  }
  if (jwks !== undefined) {
    if (typeof jwks === 'string' && jwks.length <= jwksLengthMax) return { kind: 'inline', jwks }
    report(`${key}.jwks`, `a JWK Set as a text of at most ${jwksLengthMax} characters`)
    return undefined
  }
  const url = readText(jwksUri, `${key}.jwksUri`, report)
  if (url !== undefined && URL.canParse(url) && url.startsWith('https://')) {
    return { kind: 'address', url }
  }
  report(`${key}.jwksUri`, 'an https address')
  return undefined
}

function readHeaders(value: unknown, key: string, report: Report): readonly TokenPlace[] {
  return readList(value, key, listLengthMax, report).flatMap((each, index) => {
    const at = `${key}[${index}]`
    const fields = readObject(each, at, ['name', 'prefix'], report)
    const name = readText(fields.name, `${at}.name`, report)
    const prefix =
      fields.prefix === undefined ? '' : readText(fields.prefix, `${at}.prefix`, report)
    if (name === undefined || prefix === undefined) return []
    return [{ kind: 'header' as const, name: name.toLowerCase(), prefix }]
  })
}

function readNames(
  kind: 'param' | 'cookie',
  value: unknown,
  key: string,
  report: Report,
): readonly TokenPlace[] {
  return readTexts(value, key, report).map((name) => ({ kind, name }))
}
