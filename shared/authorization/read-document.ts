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
