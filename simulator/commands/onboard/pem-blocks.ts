import { fromBase64, type Bytes } from '#shared/bytes.ts'

/** One block (RFC 7468 section 2) and the line of its first fence, from 1. */
export interface PemBlock {
  readonly label: string
  readonly der: Bytes
  readonly line: number
}

/** A block that is none: what was expected, and the line of its first fence. */
export interface PemFault {
  readonly line: number
  readonly error: string
}

interface OpenBlock {
  readonly label: string
  readonly line: number
  readonly body: string[]
}

/**
 * The blocks of a text, one after another; what stands outside of them is passed over. A block that
 * begins and does not end is a fault: whoever cut a file short has lost a device.
 */
export function* pemBlocks(text: string): Generator<PemBlock | PemFault> {
  let open: OpenBlock | undefined
  for (const [at, line] of text.split('\n').entries()) {
    const [, word, label = ''] = fence.exec(line.trimEnd()) ?? []
    if (word === 'BEGIN') {
      if (open !== undefined) yield unended(open)
      open = { label, line: at + 1, body: [] }
    } else if (open !== undefined && word === 'END') {
      yield open.label === label ? ended(open) : unended(open)
      open = undefined
    } else open?.body.push(line)
  }
  if (open !== undefined) yield unended(open)
}

const fence = /^-----(BEGIN|END) ([A-Z0-9 ]{1,64})-----$/

const unended = ({ label, line }: OpenBlock): PemFault => ({
  line,
  error: `expected -----END ${label}----- behind this block`,
})

function ended({ label, line, body }: OpenBlock): PemBlock | PemFault {
  const der = fromBase64(body.join('').replaceAll(/\s/g, ''))
  if (der !== undefined && der.length > 0) return { label, der, line }
  return { line, error: 'expected base64 between the fences of this block' }
}
