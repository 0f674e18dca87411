import {
  collectFaults,
  readList,
  readObject,
  type Report,
} from '#shared/authorization/read-document.ts'
import type { Faults, ListenerVariables, VariableName } from '../variables.ts'
import { readAction } from './read-action.ts'
import { readCondition, type ReadCondition } from './read-condition.ts'
import type { RoutingRule, RuleAction, Routing, TargetAddress } from './routing.ts'
import { parseJson } from '../json.ts'

/** ALB: rules and target groups of a load balancer. */
const rulesMax = 100
const groupsMax = 100

/** More in one group than a worker can know the health of. */
const targetsMax = 64

/** ALB: comparison strings and wildcards of one rule. */
const valuesMax = 5
const wildcardsMax = 5

/** ALB: the last priority. */
const priorityMax = 50_000

/** A variable of a Worker holds 5 kB; other runtimes' are longer. */
const textLengthMax = 256 * 1024

/** ALB's names of target groups. */
const groupName = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,30}[A-Za-z0-9])?$/

interface ReadRule extends RoutingRule {
  /** `default` comes last. */
  readonly priority: number | 'default'
}

/**
 * Reads `TARGET_GROUPS` (JSON: `{ "blue": { "targets": ["https://…", "binding:NAME"] } }`) and
 * `ROUTES` (JSON: a list of rules as ALB's API has them, or what `aws elbv2 describe-rules` prints).
 * Without `ROUTES` the only group gets every request.
 *
 * @returns undefined where neither is set; faults are told with their place: `ROUTES[1].Actions[0].Type`
 */
export function readRouting(variables: ListenerVariables, faults: Faults): Routing | undefined {
  const { ROUTES, TARGET_GROUPS } = variables
  if (ROUTES === undefined && TARGET_GROUPS === undefined) return undefined
  const groups = inVariable('TARGET_GROUPS', TARGET_GROUPS ?? '{}', faults, readGroups)
  const rules =
    ROUTES === undefined
      ? onlyGroup(groups, faults)
      : inVariable('ROUTES', ROUTES, faults, readRules)
  if (groups === undefined || rules === undefined) return undefined
  const fallback = rules.find(({ priority }) => priority === 'default')
  if (fallback === undefined) {
    return faults.add(
      'ROUTES',
      'a rule of the Priority default, for what no other is for',
      undefined,
    )
  }
  reportUnknownGroups(rules, groups, faults)
  const others = rules.filter((rule) => rule !== fallback)
  return { groups, rules: others.toSorted(byPriority), otherwise: fallback.action }
}

type Read<Value> = (document: unknown, report: Report) => Value

/** Reads a variable of JSON and tells its faults as that variable's. */
function inVariable<Value>(
  variable: VariableName,
  text: string,
  faults: Faults,
  read: Read<Value>,
): Value | undefined {
  const document = text.length > textLengthMax ? undefined : parseJson(text)
  if (document === undefined) {
    return faults.add(variable, `JSON of at most ${textLengthMax} characters`, undefined)
  }
  const found = collectFaults(variable)
  const value = read(document, found.report)
  for (const { key, expected } of found.faults) {
    const dot = key === '' || key.startsWith('[') ? '' : '.'
    faults.add(variable, `${expected} (at ${variable}${dot}${key})`, undefined)
  }
  return found.faults.length > 0 ? undefined : value
}

function readGroups(document: unknown, report: Report): Routing['groups'] {
  const groups = new Map<string, readonly TargetAddress[]>()
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    report('', 'an object of target groups by name')
    return groups
  }
  const entries = Object.entries(document)
  if (entries.length > groupsMax) report('', `at most ${groupsMax} groups`)
  for (const [name, value] of entries.slice(0, groupsMax)) {
    if (!groupName.test(name)) report(name, 'a name of 1 to 32 letters, digits and hyphens')
    const { targets } = readObject(value, name, ['targets'], report)
    if (targets === undefined) report(`${name}.targets`, `a list of at most ${targetsMax}`)
    const addresses = readList(targets, `${name}.targets`, targetsMax, report).flatMap(
      (target, index) => readTarget(target, `${name}.targets[${index}]`, report) ?? [],
    )
    groups.set(name, addresses)
  }
  return groups
}

/** An origin, since the path is the request's own; and no credentials, which logs would show. */
function readTarget(value: unknown, key: string, report: Report): TargetAddress | undefined {
  const text = typeof value === 'string' ? value : ''
  const [, name] = /^binding:([A-Za-z_]\w{0,63})$/.exec(text) ?? []
  if (name !== undefined) return { kind: 'binding', name }
  const url = /^https?:/.test(text) && URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && url.href === `${url.origin}/`) return { kind: 'url', url: url.origin }
  report(key, 'http://host:port or https://host:port and no path, or binding:NAME')
  return undefined
}

function onlyGroup(
  groups: Routing['groups'] | undefined,
  faults: Faults,
): readonly ReadRule[] | undefined {
  const [name, ...more] = groups?.keys() ?? []
  if (name === undefined || more.length > 0) {
    return groups && faults.add('ROUTES', 'rules that choose among the target groups', undefined)
  }
  const action = { type: 'forward', groups: [{ name, weight: 1 }], stickiness: 'device' } as const
  return [{ priority: 'default', conditions: [], action }]
}

function readRules(document: unknown, report: Report): readonly ReadRule[] {
  const isDescribed = typeof document === 'object' && document !== null && 'Rules' in document
  const at = isDescribed ? 'Rules' : ''
  const list = readList(isDescribed ? document.Rules : document, at, rulesMax, report)
  const rules = list.flatMap((value, index) => readRule(value, `${at}[${index}]`, report) ?? [])
  const priorities = rules.map(({ priority }) => priority)
  for (const [index, priority] of priorities.entries()) {
    if (priorities.indexOf(priority) !== index)
      report(`${at}[${index}].Priority`, `another than ${priority}: it is taken`)
  }
  return rules
}

function readRule(value: unknown, key: string, report: Report): ReadRule | undefined {
  const fields = [
    'Priority',
    'Conditions',
    'Actions',
    'RuleArn',
    'IsDefault',
    'Transforms',
  ] as const
  const rule = readObject(value, key, fields, report)
  const priority = readPriority(rule.Priority, `${key}.Priority`, report)
  const conditions = readConditions(rule.Conditions, `${key}.Conditions`, report)
  if (priority === 'default' && conditions.length > 0)
    report(`${key}.Conditions`, 'none in the default rule')
  if (priority !== 'default' && conditions.length === 0) report(`${key}.Conditions`, 'one at least')
  if (readList(rule.Transforms, `${key}.Transforms`, rulesMax, report).length > 0) {
    report(`${key}.Transforms`, 'none: addresses go on as they are')
  }
  const [action, ...more] = readList(rule.Actions, `${key}.Actions`, rulesMax, report)
  if (more.length > 0) report(`${key}.Actions`, 'exactly one')
  const read = readAction(action, `${key}.Actions[0]`, report)
  if (read === undefined || priority === undefined) return undefined
  return { priority, conditions: conditions.map(({ condition }) => condition), action: read }
}

/** A text, as ALB prints it, or a number. */
function readPriority(
  value: unknown,
  key: string,
  report: Report,
): ReadRule['priority'] | undefined {
  if (value === 'default') return value
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text === 'string' && /^[1-9]\d{0,4}$/.test(text) && Number(text) <= priorityMax) {
    return Number(text)
  }
  report(key, `default, or 1 to ${priorityMax}`)
  return undefined
}

/** ALB: up to one condition of each kind, and any number of two kinds. */
const manyTimes: ReadonlySet<string> = new Set(['http-header', 'query-string'])

function readConditions(value: unknown, key: string, report: Report): readonly ReadCondition[] {
  const conditions = readList(value, key, valuesMax, report).flatMap(
    (each, index) => readCondition(each, `${key}[${index}]`, report) ?? [],
  )
  const fields = conditions.map(({ condition }) => condition.field)
  const twice = fields.find(
    (field, index) => !manyTimes.has(field) && fields.indexOf(field) !== index,
  )
  if (twice !== undefined) report(key, `one ${twice} at most`)
  const sum = (count: (condition: ReadCondition) => number): number =>
    conditions.reduce((total, each) => total + count(each), 0)
  if (sum(({ values }) => values) > valuesMax)
    report(key, `at most ${valuesMax} values in one rule`)
  if (sum(({ wildcards }) => wildcards) > wildcardsMax) {
    report(key, `at most ${wildcardsMax} wildcards in one rule`)
  }
  return conditions
}

const byPriority = (one: ReadRule, other: ReadRule): number =>
  Number(one.priority) - Number(other.priority)

function reportUnknownGroups(
  rules: readonly ReadRule[],
  groups: Routing['groups'],
  faults: Faults,
): void {
  for (const name of new Set(rules.flatMap(({ action }) => groupsOf(action)))) {
    if (groups.has(name)) continue
    faults.add('ROUTES', `target groups of TARGET_GROUPS, and ${name} is none of them`, undefined)
  }
}

const groupsOf = (action: RuleAction): readonly string[] =>
  action.type === 'forward' ? action.groups.map(({ name }) => name) : []
