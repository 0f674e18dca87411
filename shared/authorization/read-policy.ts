import { err, ok, type Result } from '#shared/result.ts'
import type {
  AuthorizationPolicy,
  Condition,
  FieldMatch,
  Operation,
  PolicyAction,
  Rule,
  Source,
  SourceField,
} from './policy.ts'
import {
  collectFaults,
  readList,
  readObject,
  readText,
  readTop,
  readWord,
  type PolicyFault,
  type Report,
} from './read-document.ts'
import {
  listLengthMax,
  readAttribute,
  readFieldMatch,
  readHost,
  readMethod,
  readPath,
  readPrincipal,
  readServiceAccount,
  serviceAccountsMax,
  type ReadMatch,
} from './read-match.ts'
import { parseStringMatch, type StringMatch } from './string-match.ts'

/**
 * Reads an AuthorizationPolicy as Istio writes it, already parsed from YAML or JSON. What this core
 * does not evaluate (addresses, ports, selectors) is refused like anything unknown.
 *
 * @param file named in faults
 * @returns the policy, or every fault: none of it is in force then
 */
export function readAuthorizationPolicy(
  document: unknown,
  file: string,
): Result<AuthorizationPolicy, readonly PolicyFault[]> {
  const { faults, report } = collectFaults(file)
  const top = readTop(document, 'AuthorizationPolicy', report)
  const { name, namespace, dryRun } = readMetadata(top.metadata, report)
  const spec = readObject(top.spec, 'spec', ['action', 'provider', 'rules'], report)
  const action = readAction(spec.action, spec.provider, report)
  const rules = readList(spec.rules, 'spec.rules', listLengthMax, report).map((rule, index) =>
    readRule(rule, `spec.rules[${index}]`, namespace, report),
  )
  if (faults.length > 0 || name === undefined || action === undefined) return err(faults)
  return ok({ name, action, dryRun, rules })
}

interface Metadata {
  readonly name: string | undefined
  readonly namespace: string | undefined
  readonly dryRun: boolean
}

const dryRunAnnotation = 'istio.io/dry-run'

function readMetadata(value: unknown, report: Report): Metadata {
  const fields = ['name', 'namespace', 'annotations', 'labels'] as const
  const { name, namespace, annotations } = readObject(value, 'metadata', fields, report)
  const annotated =
    annotations === undefined
      ? {}
      : readObject(annotations, 'metadata.annotations', [dryRunAnnotation], report)
  const dryRun = annotated[dryRunAnnotation] ?? 'false'
  return {
    name: readText(name, 'metadata.name', report),
    namespace:
      namespace === undefined ? undefined : readText(namespace, 'metadata.namespace', report),
    dryRun:
      readWord(dryRun, `metadata.annotations["${dryRunAnnotation}"]`, ['true', 'false'], report) ===
      'true',
  }
}

function readAction(value: unknown, provider: unknown, report: Report): PolicyAction | undefined {
  const words = ['ALLOW', 'DENY', 'AUDIT', 'CUSTOM'] as const
  const word = readWord(value ?? 'ALLOW', 'spec.action', words, report)
  if (word !== 'CUSTOM') {
    if (provider !== undefined) report('spec.provider', 'none but with CUSTOM')
    return word === undefined ? undefined : { word }
  }
  const { name } = readObject(provider, 'spec.provider', ['name'], report)
  const text = readText(name, 'spec.provider.name', report)
  return text === undefined ? undefined : { word, provider: text }
}

function readRule(
  value: unknown,
  key: string,
  namespace: string | undefined,
  report: Report,
): Rule {
  const { from, to, when } = readObject(value, key, ['from', 'to', 'when'], report)
  const each = <Part>(
    list: unknown,
    field: string,
    read: (value: unknown, key: string) => Part,
  ): readonly Part[] =>
    readList(list, `${key}.${field}`, listLengthMax, report).map((part, index) =>
      read(part, `${key}.${field}[${index}]`),
    )
  return {
    from: each(from, 'from', (part, at) => readSource(part, at, namespace, report)),
    to: each(to, 'to', (part, at) => readOperation(part, at, report)),
    when: each(when, 'when', (part, at) => readCondition(part, at, namespace, report)).flat(),
  }
}

/** A field's name and that of its twin. */
const twins = {
  principals: 'notPrincipals',
  requestPrincipals: 'notRequestPrincipals',
  namespaces: 'notNamespaces',
  serviceAccounts: 'notServiceAccounts',
  trustDomains: 'notTrustDomains',
  hosts: 'notHosts',
  methods: 'notMethods',
  paths: 'notPaths',
} as const

const sourceFields = [
  'principals',
  'requestPrincipals',
  'namespaces',
  'serviceAccounts',
  'trustDomains',
] as const satisfies readonly SourceField[]
const operationFields = ['hosts', 'methods', 'paths'] as const

type FieldName = keyof typeof twins
type Fields = Readonly<Partial<Record<FieldName | (typeof twins)[FieldName], unknown>>>

const withTwins = (names: readonly FieldName[]): readonly (keyof Fields)[] =>
  names.flatMap((name) => [name, twins[name]])

function readSource(
  value: unknown,
  key: string,
  namespace: string | undefined,
  report: Report,
): Source {
  const { source } = readObject(value, key, ['source'], report)
  const at = `${key}.source`
  const fields: Fields = readObject(source, at, withTwins(sourceFields), report)
  checkNotEmpty(fields, at, report)
  checkServiceAccounts(fields, at, report)
  const readers = sourceReaders(namespace)
  return Object.fromEntries(
    sourceFields.flatMap((name) => {
      const field = readTwins(fields, name, at, readers[name], report)
      return field === undefined ? [] : [[name, field]]
    }),
  )
}

function sourceReaders(
  namespace: string | undefined,
): Readonly<Record<SourceField, ReadMatch<StringMatch>>> {
  return {
    principals: readPrincipal,
    requestPrincipals: parseStringMatch,
    namespaces: parseStringMatch,
    serviceAccounts: readServiceAccount(namespace),
    trustDomains: parseStringMatch,
  }
}

/** An empty source or operation would match everything: a rule that means it says so by leaving it out. */
function checkNotEmpty(fields: Fields, key: string, report: Report): void {
  if (Object.keys(fields).length === 0) report(key, 'at least one field')
}

/** Istio: at most sixteen, and not beside principals or namespaces, which say the same in another way. */
function checkServiceAccounts(fields: Fields, key: string, report: Report): void {
  for (const name of ['serviceAccounts', 'notServiceAccounts'] as const) {
    const accounts = fields[name]
    if (accounts === undefined) continue
    if (Array.isArray(accounts) && accounts.length > serviceAccountsMax) {
      report(`${key}.${name}`, `at most ${serviceAccountsMax}`)
    }
    for (const other of withTwins(['principals', 'namespaces'])) {
      if (fields[other] !== undefined) report(`${key}.${other}`, `none beside ${name}`)
    }
  }
}

function readOperation(value: unknown, key: string, report: Report): Operation {
  const { operation } = readObject(value, key, ['operation'], report)
  const at = `${key}.operation`
  const fields: Fields = readObject(operation, at, withTwins(operationFields), report)
  checkNotEmpty(fields, at, report)
  const hosts = readTwins(fields, 'hosts', at, readHost, report)
  const methods = readTwins(fields, 'methods', at, readMethod, report)
  const paths = readTwins(fields, 'paths', at, readPath, report)
  return {
    ...(hosts === undefined ? {} : { hosts }),
    ...(methods === undefined ? {} : { methods }),
    ...(paths === undefined ? {} : { paths }),
  }
}

function readTwins<Match>(
  fields: Fields,
  name: FieldName,
  key: string,
  read: ReadMatch<Match>,
  report: Report,
): FieldMatch<Match> | undefined {
  const twin = twins[name]
  return readFieldMatch(
    { value: fields[name], key: `${key}.${name}` },
    { value: fields[twin], key: `${key}.${twin}` },
    read,
    report,
  )
}

function readCondition(
  value: unknown,
  key: string,
  namespace: string | undefined,
  report: Report,
): readonly Condition[] {
  const fields = readObject(value, key, ['key', 'values', 'notValues'], report)
  const text = readText(fields.key, `${key}.key`, report)
  const attribute = text === undefined ? undefined : readAttribute(text)
  if (attribute?.ok === false) report(`${key}.key`, attribute.error)
  if (attribute?.ok !== true) return []
  const { kind } = attribute.value
  const read =
    kind === 'source' ? sourceReaders(namespace)[attribute.value.field] : parseStringMatch
  const field = readFieldMatch(
    { value: fields.values, key: `${key}.values` },
    { value: fields.notValues, key: `${key}.notValues` },
    read,
    report,
  )
  if (field === undefined) report(key, 'values or notValues')
  return field === undefined ? [] : [{ attribute: attribute.value, ...field }]
}
