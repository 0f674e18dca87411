import { awsError, type AwsError, type AwsErrorCode } from './errors.ts'
import type { QueryTree, QueryValue } from './query.ts'

/** Ends an operation: thrown, so that the operations read as what they do. */
export class AwsFault extends Error {
  readonly error: AwsError

  constructor(code: AwsErrorCode, message: string) {
    super(message)
    this.error = awsError(code, message)
  }
}

/** AWS's tools send nothing longer; keys of objects are the longest. */
const textLengthMax = 4096

/** A parameter that is not there is undefined. Throws an AwsFault where it is no text. */
export function optionalText(input: QueryTree, name: string): string | undefined {
  const value = input[name]
  if (value === undefined) return undefined
  if (typeof value === 'string' && value.length <= textLengthMax) return value
  throw malformed(name, `at most ${textLengthMax} characters`)
}

/** Throws an AwsFault where there is none. */
export function requiredText(input: QueryTree, name: string): string {
  const text = optionalText(input, name)
  if (text !== undefined && text !== '') return text
  throw new AwsFault('ValidationError', `The request must contain the parameter ${name}`)
}

/** Throws an AwsFault where it is no whole number from `min` to `max`. */
export function optionalNumber(
  input: QueryTree,
  name: string,
  [min, max]: readonly [number, number],
): number | undefined {
  const text = optionalText(input, name)
  if (text === undefined) return undefined
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw malformed(name, `a whole number from ${min} to ${max}`)
}

export function optionalBoolean(input: QueryTree, name: string): boolean | undefined {
  const text = optionalText(input, name)?.toLowerCase()
  if (text === undefined) return undefined
  if (text === 'true' || text === 'false') return text === 'true'
  throw malformed(name, 'true or false')
}

/** A list that is not there, or empty (`Tags=`), has no members. */
export function optionalList(input: QueryTree, name: string, max: number): readonly QueryValue[] {
  const value = input[name]
  if (value === undefined || value === '') return []
  if (isList(value) && value.length <= max) return value
  throw malformed(name, `a list of at most ${max} members`)
}

const isList = (value: QueryValue): value is readonly QueryValue[] => Array.isArray(value)

const isTree = (value: QueryValue): value is QueryTree =>
  typeof value === 'object' && !isList(value)

export function optionalTexts(input: QueryTree, name: string, max: number): readonly string[] {
  return optionalList(input, name, max).map((each) => {
    if (typeof each === 'string' && each !== '') return each
    throw malformed(name, 'a list of texts')
  })
}

/** At least one of them. */
export function requiredTexts(input: QueryTree, name: string, max: number): readonly string[] {
  const texts = optionalTexts(input, name, max)
  if (texts.length > 0) return texts
  throw new AwsFault('ValidationError', `The request must contain the parameter ${name}`)
}

export function optionalTrees(input: QueryTree, name: string, max: number): readonly QueryTree[] {
  return optionalList(input, name, max).map((each) => {
    if (isTree(each)) return each
    throw malformed(name, 'a list of structures')
  })
}

export function optionalTree(input: QueryTree, name: string): QueryTree | undefined {
  const value = input[name]
  if (value === undefined || isTree(value)) return value
  throw malformed(name, 'a structure')
}

export const malformed = (name: string, expected: string): AwsFault =>
  new AwsFault('ValidationError', `The value of ${name} is not valid: expected ${expected}`)
