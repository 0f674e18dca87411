import { isCollection, isMap, isNode, LineCounter, parseDocument, type Document } from 'yaml'
import type { z } from 'zod'
import { err, ok, type Result } from '#shared/result.ts'
import { nearest } from './nearest.ts'
import { findDiscord } from './rules.ts'
import type { Scenario } from './scenario.ts'
import { scenarioSchema } from './schema.ts'

/** What is wrong with a scenario file, and where. Lines and columns count from 1. */
export interface ScenarioError {
  readonly file: string
  readonly line: number
  readonly column: number
  /** Like `fleets[0].traffic.requests`; empty for the file as a whole. */
  readonly path: string
  /** What was found and what was expected. */
  readonly message: string
}

type Path = readonly PropertyKey[]

/** A fault by its path in the file; `key` where the key itself is at fault, not what it holds. */
interface Fault {
  readonly path: Path
  readonly at: 'key' | 'value'
  readonly message: string
}

/** A scenario from YAML `text`, or everything that is wrong with it. `file` only names it. */
export function parseScenario(text: string, file: string): Result<Scenario, ScenarioError[]> {
  return parseYaml(text, file, scenarioSchema, findDiscord)
}

/**
 * What a schema makes of YAML `text`, or everything that is wrong with it.
 *
 * @param discords what is wrong between fields that are right by themselves
 */
export function parseYaml<Value>(
  text: string,
  file: string,
  schema: z.ZodType<Value>,
  discords: (value: Value) => readonly Omit<Fault, 'at'>[] = () => [],
): Result<Value, ScenarioError[]> {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  if (document.errors.length > 0) return err(syntaxErrors(document, lines, file))
  const read = toPlain(document)
  if (!read.ok) return err([{ file, line: 1, column: 1, path: '', message: notYaml(read.error) }])
  const raw = read.value
  const parsed = schema.safeParse(raw)
  const faults = parsed.success
    ? discords(parsed.data).map((discord) => ({ ...discord, at: 'value' as const }))
    : parsed.error.issues.flatMap((issue) => faultsOf(issue, raw))
  if (parsed.success && faults.length === 0) return ok(parsed.data)
  return err(faults.map((fault) => locate(fault, document, lines, file)).toSorted(byPlace))
}

/** One line for people, in the form that editors turn into a link. */
export function formatScenarioError({ file, line, column, path, message }: ScenarioError): string {
  return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`
}

/** The document's values; fails on aliases that lead nowhere or multiply without bound. */
function toPlain(document: Document): Result<unknown, string> {
  try {
    return ok(document.toJS())
  } catch (error) {
    if (error instanceof ReferenceError) return err(error.message)
    throw error
  }
}

function notYaml(message: string): string {
  return `this is not YAML: ${message}`
}

function byPlace(a: ScenarioError, b: ScenarioError): number {
  return a.line - b.line || a.column - b.column
}

function syntaxErrors(document: Document, lines: LineCounter, file: string): ScenarioError[] {
  return document.errors.map(({ pos, message }) => {
    const { line, col } = lines.linePos(pos[0])
    return { file, line, column: col, path: '', message: notYaml(message) }
  })
}

function faultsOf(issue: z.core.$ZodIssue, raw: unknown): readonly Fault[] {
  const meant = issue.code === 'invalid_union' ? meantForm(issue) : undefined
  if (meant !== undefined) {
    const within = meant.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }))
    return within.flatMap((inner) => faultsOf(inner, raw))
  }
  if (issue.code !== 'unrecognized_keys') {
    // A file that is nothing but a text is another file, a private key perhaps.
    const isText = typeof raw === 'string'
    const found = isText ? 'a text' : show(valueAt(raw, issue.path))
    const message = `found ${found}, expected ${issue.message}`
    return [{ path: issue.path, at: 'value', message }]
  }
  const known = issue.message.split(', ')
  return issue.keys.map((key) => {
    const path = [...issue.path, key]
    return { path, at: 'key', message: `found the unknown key "${key}", ${suggestion(key, known)}` }
  })
}

/** Of a value with several forms, what is wrong with the one that it has from the outside. */
function meantForm({ errors }: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue[] | undefined {
  return errors.find((form) =>
    form.every(({ code, path }) => code !== 'invalid_type' || path.length > 0),
  )
}

function suggestion(key: string, known: readonly string[]): string {
  const near = nearest(key, known)
  return near === undefined ? `expected one of ${known.join(', ')}` : `expected perhaps "${near}"`
}

function valueAt(raw: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => {
    return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
  }, raw)
}

/** A value as the file's author wrote it, cut short. */
function show(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return 'a mapping'
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}..."` : text
}

function locate(fault: Fault, document: Document, lines: LineCounter, file: string): ScenarioError {
  const { line, col } = lines.linePos(offsetOf(fault, document))
  return { file, line, column: col, path: showPath(fault.path), message: fault.message }
}

/** Where in the text a fault lies: the value, or the key, or (missing) the key it is missing under. */
function offsetOf({ path, at }: Fault, document: Document): number {
  const value = at === 'value' ? document.getIn(path, true) : undefined
  if (isNode(value) && !isCollection(value)) return value.range?.[0] ?? 0
  for (let length = path.length; length > 0; length -= 1) {
    const offset = keyOffset(path.slice(0, length), document)
    if (offset !== undefined) return offset
  }
  return 0
}

/** The offset of the key (in a list: the item) that a path ends with; undefined where it is missing. */
function keyOffset(path: Path, document: Document): number | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true)
  const item = isMap(parent)
    ? parent.items.find(({ key }) => isNode(key) && String(key) === path.at(-1))?.key
    : document.getIn(path, true)
  return isNode(item) ? item.range?.[0] : undefined
}

function showPath(path: Path): string {
  const parts = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
  return parts.join('').replace(/^\./, '')
}
