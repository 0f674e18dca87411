import { readList, readObject, readText, type Report } from '#shared/authorization/read-document.ts'
import { parseIpRange, type IpRange } from './ip-range.ts'
import type { QueryPair, RuleCondition } from './routing.ts'

/** ALB: comparison strings of one condition. */
const valuesMax = 3

/** ALB: characters of a pattern; of a header's or method's name. */
const patternLengthMax = 128
const nameLengthMax = 40

type Field = RuleCondition['field']

/** Where each kind of condition has its values; the older form of two kinds has them in `Values`. */
const configs = {
  'host-header': 'HostHeaderConfig',
  'path-pattern': 'PathPatternConfig',
  'http-header': 'HttpHeaderConfig',
  'http-request-method': 'HttpRequestMethodConfig',
  'query-string': 'QueryStringConfig',
  'source-ip': 'SourceIpConfig',
} as const satisfies Readonly<Record<Field, string>>

/** One condition in the words of ALB's API (`RuleCondition`), and what it counts against ALB's limits. */
export interface ReadCondition {
  readonly condition: RuleCondition
  readonly values: number
  readonly wildcards: number
}

/** The values of one condition, where they stand, and who is told of those that cannot be used. */
interface Values {
  readonly all: readonly unknown[]
  readonly key: string
  readonly config: Readonly<Record<string, unknown>>
  readonly report: Report
}

/** Reads one condition; undefined where it is none, with every fault told. */
export function readCondition(
  value: unknown,
  key: string,
  report: Report,
): ReadCondition | undefined {
  const fields = ['Field', 'Values', ...Object.values(configs)] as const
  const all: Readonly<Record<string, unknown>> = readObject(value, key, fields, report)
  const field = Object.keys(configs).find((each): each is Field => each === all['Field'])
  if (field === undefined) {
    report(`${key}.Field`, `one of ${Object.keys(configs).join(', ')}`)
    return undefined
  }
  const values = valuesOf(all, field, key, report)
  const condition = read(field, values)
  return { condition, values: values.all.length, wildcards: wildcardsOf(values.all) }
}

function valuesOf(
  all: Readonly<Record<string, unknown>>,
  field: Field,
  key: string,
  report: Report,
): Values {
  const name = configs[field]
  for (const other of Object.values(configs)) {
    if (other !== name && all[other] !== undefined)
      report(`${key}.${other}`, `${name} for ${field}`)
  }
  const known = field === 'http-header' ? ['HttpHeaderName', 'Values'] : ['Values']
  const config = all[name]
  const given: Readonly<Record<string, unknown>> =
    config === undefined
      ? { Values: all['Values'] }
      : readObject(config, `${key}.${name}`, known, report)
  const at = config === undefined ? `${key}.Values` : `${key}.${name}.Values`
  const values = readList(given['Values'], at, valuesMax, report)
  if (values.length === 0) report(at, `a list of 1 to ${valuesMax}`)
  return { all: values, key: at, config: given, report }
}

function read(field: Field, values: Values): RuleCondition {
  switch (field) {
    case 'host-header':
      return {
        field,
        patterns: texts(values, hostPattern, 'a host, of letters, digits and -.*?').map(lower),
      }
    case 'path-pattern':
      return { field, patterns: texts(values, pathPattern, 'a path that begins with / or *') }
    case 'http-header':
      return {
        field,
        name: headerName(values),
        patterns: texts(values, printable, aPattern).map(lower),
      }
    case 'http-request-method':
      return { field, methods: texts(values, method, 'a method, in capitals, - and _') }
    case 'query-string':
      return { field, pairs: readEach(values, readPair) }
    case 'source-ip':
      return { field, ranges: readEach(values, readRange) }
  }
}

const lower = (text: string): string => text.toLowerCase()

/** Of ALB's documentation: rules are applied to visible ASCII characters alone. */
const printable = /^[\x20-\x7e]+$/
const aPattern = `1 to ${patternLengthMax} ASCII characters`

/** ALB asks for a dot and for letters behind the last one; local runs have `localhost` and addresses. */
const hostPattern = /^[A-Za-z0-9.*?-]+$/
const pathPattern = /^[/*][\x21-\x7e]*$/
const method = /^[A-Z_-]{1,40}$/

/** Each value as `parse` has it, without those that it has none of. */
function readEach<Value>(
  { all, key, report }: Values,
  parse: (value: unknown, key: string, report: Report) => Value | undefined,
): readonly Value[] {
  return all.flatMap((value, index) => parse(value, `${key}[${index}]`, report) ?? [])
}

function texts(values: Values, form: RegExp, expected: string): readonly string[] {
  return readEach(values, (value, key, report) => {
    const text = readText(value, key, report)
    if (text === undefined) return undefined
    if (form.test(text) && text.length <= patternLengthMax) return text
    report(key, `${expected}, of at most ${patternLengthMax} characters`)
    return undefined
  })
}

/** ALB allows no wildcard in a header's name. */
function headerName({ config, key, report }: Values): string {
  const name = config['HttpHeaderName']
  if (
    typeof name === 'string' &&
    /^[!#$%&'+.^_`|~0-9A-Za-z-]+$/.test(name) &&
    name.length <= nameLengthMax
  ) {
    return name.toLowerCase()
  }
  report(
    key.replace(/Values$/, 'HttpHeaderName'),
    `a header's name of at most ${nameLengthMax} characters`,
  )
  return ''
}

function readPair(value: unknown, key: string, report: Report): QueryPair | undefined {
  const pair = readObject(value, key, ['Key', 'Value'], report)
  const text = readQueryText(pair.Value, `${key}.Value`, report)
  if (pair.Key === undefined) return text && { key: undefined, value: text }
  const name = readQueryText(pair.Key, `${key}.Key`, report)
  return name && text && { key: name, value: text }
}

/** `\*` and `\?` are the characters themselves ("QueryStringConditionConfig", ALB's API). */
function readQueryText(value: unknown, key: string, report: Report): readonly string[] | undefined {
  const text = readText(value, key, report)
  if (text === undefined) return undefined
  if (printable.test(text) && text.length <= patternLengthMax) {
    return text.toLowerCase().match(/\\[*?]|[^]/g) ?? []
  }
  report(key, aPattern)
  return undefined
}

function readRange(value: unknown, key: string, report: Report): IpRange | undefined {
  const range = typeof value === 'string' ? parseIpRange(value) : undefined
  if (range === undefined) report(key, 'a range like 192.0.2.0/24 or 2001:db8::/32')
  return range
}

/** What is escaped counts as well: nobody asks for that many. */
const wildcardsOf = (values: readonly unknown[]): number =>
  JSON.stringify(values).match(/[*?]/g)?.length ?? 0
