/** What is wrong in a document: which key of which file, and what belonged there. */
export interface PolicyFault {
  readonly file: string
  /** As JavaScript would reach it: `spec.rules[0].from[0].source.principals[1]`. */
  readonly key: string
  readonly expected: string
}

/** Told of every fault; reading goes on, so that all are told at once. */
export type Report = (key: string, expected: string) => void

/** Nobody reads more of one file. */
const faultsMax = 100

/** Faults of one file, and the way to report them. */
export function collectFaults(file: string): {
  readonly faults: readonly PolicyFault[]
  readonly report: Report
} {
  const faults: PolicyFault[] = []
  return {
    faults,
    report: (key, expected) => {
      if (faults.length < faultsMax) faults.push({ file, key, expected })
    },
  }
}

/**
 * The fields of an object. Unknown ones are faults: a policy that is misspelt and ignored is a
 * door that somebody believes to be shut.
 */
export function readObject<Field extends string>(
  value: unknown,
  key: string,
  fields: readonly Field[],
  report: Report,
): Readonly<Partial<Record<Field, unknown>>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    report(key, 'an object')
    return {} as Readonly<Partial<Record<Field, unknown>>>
  }
  for (const field of Object.keys(value)) {
    if (!fields.some((known) => known === field)) {
      report(key === '' ? field : `${key}.${field}`, `none of this name, but ${fields.join(', ')}`)
    }
  }
  return value as Readonly<Partial<Record<Field, unknown>>>
}

const apiVersions = ['security.istio.io/v1', 'security.istio.io/v1beta1'] as const

/** The top of one of Istio's documents of a kind: what stands in it is for the caller to read. */
export function readTop(
  document: unknown,
  kind: string,
  report: Report,
): { readonly metadata?: unknown; readonly spec?: unknown } {
  const top = readObject(document, '', ['apiVersion', 'kind', 'metadata', 'spec'], report)
  readWord(top.kind, 'kind', [kind], report)
  readWord(top.apiVersion, 'apiVersion', apiVersions, report)
  return top
}

/** The members of a list of at most `max`; an absent list has none. */
export function readList(
  value: unknown,
  key: string,
  max: number,
  report: Report,
): readonly unknown[] {
  if (value === undefined) return []
  if (Array.isArray(value) && value.length <= max) return value
  report(key, `a list of at most ${max}`)
  return []
}

/** A text of at most 2048 characters: SPIFFE IDs are no longer, and nothing else comes near. */
export function readText(value: unknown, key: string, report: Report): string | undefined {
  if (typeof value === 'string' && value !== '' && value.length <= 2048) return value
  report(key, 'a text of 1 to 2048 characters')
  return undefined
}

/** One of a few words; undefined where it is none of them. */
export function readWord<Word extends string>(
  value: unknown,
  key: string,
  words: readonly Word[],
  report: Report,
): Word | undefined {
  const found = words.find((word) => word === value)
  if (found === undefined) report(key, `one of ${words.join(', ')}`)
  return found
}

/** Labels of a selector, and ports with a mode of their own: nobody writes more. */
const entriesMax = 64

/** The entries of an object whose keys are the writer's own, each with the key to report it by. */
export function readEntries(
  value: unknown,
  key: string,
  report: Report,
): readonly (readonly [name: string, value: unknown, key: string])[] {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  const entries = isObject ? Object.entries(value) : []
  if (entries.length === 0 || entries.length > entriesMax) {
    report(key, `an object of 1 to ${entriesMax} fields`)
    return []
  }
  return entries.map(([name, each]) => [name, each, `${key}.${name}`])
}

/** Labels by their names, as Kubernetes has them: at least one, each a text. */
export function readLabels(
  value: unknown,
  key: string,
  report: Report,
): Readonly<Record<string, string>> {
  const labels = readEntries(value, key, report).flatMap(([label, text, at]) => {
    const read = readText(text, at, report)
    return read === undefined ? [] : [[label, read]]
  })
  return Object.fromEntries(labels)
}
