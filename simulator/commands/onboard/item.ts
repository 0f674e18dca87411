import type { Bytes } from '#shared/bytes.ts'

/** One thing to check, and where it was found. */
export interface Item {
  /** The name that its owner gave it, or its place. */
  readonly id: string
  readonly file: string
  /** From 1; undefined in a file without lines. */
  readonly line: number | undefined
  readonly kind: 'request' | 'certificate' | 'chain'
  /** Of a chain the leaf first; of the others one. */
  readonly ders: readonly Bytes[]
}

/** A place in the input where there is nothing to check. */
export interface Unreadable {
  readonly file: string
  readonly line: number
  /** What was expected there. */
  readonly error: string
}
