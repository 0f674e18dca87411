import { err, ok, type Result } from '#shared/result.ts'
import { awsError, type AwsError } from './errors.ts'

/** Parameters of a request in the AWS query protocol, as a tree: `Tags.member.1.Key` is `Tags[0].Key`. */
export type QueryValue = string | QueryTree | readonly QueryValue[]

export interface QueryTree {
  readonly [name: string]: QueryValue
}

/** As many as a request of AWS's own tools ever has, and a few times more. */
const parametersMax = 1000

/** `Tags.member.1.Key` has four. */
const depthMax = 8

/** Reads a form-encoded body; where it is none that AWS's tools would write, a `ValidationError`. */
export function readQuery(body: string): Result<QueryTree, AwsError> {
  const parameters = [...new URLSearchParams(body)]
  if (parameters.length > parametersMax) {
    return err(awsError('ValidationError', `A request has at most ${parametersMax} parameters.`))
  }
  const root: Draft = new Map()
  for (const [name, value] of parameters) {
    const parts = name.split('.')
    if (parts.length > depthMax || parts.includes('') || !put(root, parts, value)) {
      return err(awsError('ValidationError', `The parameter ${name.slice(0, 128)} cannot be read.`))
    }
  }
  return ok(treeOf(root))
}

type Draft = Map<string, string | Draft>

/** False where a name is given twice, or is a value and a branch at once. */
function put(root: Draft, parts: readonly string[], value: string): boolean {
  let at = root
  for (const part of parts.slice(0, -1)) {
    const next = at.get(part) ?? new Map<string, string | Draft>()
    if (typeof next === 'string') return false
    at.set(part, next)
    at = next
  }
  const last = parts.at(-1) ?? ''
  if (at.has(last)) return false
  at.set(last, value)
  return true
}

function treeOf(draft: Draft): QueryTree {
  return Object.fromEntries([...draft].map(([name, each]) => [name, valueOf(each)]))
}

/** A list is a branch with the one name `member`, and numbers below it. */
function valueOf(each: string | Draft): QueryValue {
  if (typeof each === 'string') return each
  const members = each.get('member')
  if (each.size !== 1 || members === undefined || typeof members === 'string') return treeOf(each)
  return [...members]
    .toSorted(([a], [b]) => Number(a) - Number(b))
    .map(([, member]) => valueOf(member))
}
