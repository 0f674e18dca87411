/** Where a text stopped being the form it should be, and what belonged there. */
export interface WireFault {
  /** Offset into the text, in UTF-16 code units, from 0. */
  readonly at: number
  readonly expected: string
}
