import { fromStrictBase64, type Bytes } from '#shared/bytes.ts'

/** How a PEM block is spelt where it is spelt as everybody does: lines of 64 characters, each with its end. */
export interface PemSpelling {
  readonly begin: string
  readonly end: string
  /** `decodeUsualBody` with the end of a line, or what remembers it. */
  readonly decode: (body: string) => Bytes | undefined
}

export interface UsualBlock {
  readonly der: Bytes
  /** Offset of what follows the block and its line end. */
  readonly next: number
}

/** RFC 7468 section 2: generators MUST wrap at 64 characters. */
const lineLength = 64

/**
 * One block that starts exactly at `at` and is spelt as everybody does; undefined where it is not,
 * which says nothing yet: pem-block.ts reads all spellings, and says what is wrong. Here the runtime
 * decodes, many times faster than a loop does.
 */
export function readUsualBlock(
  text: string,
  at: number,
  spelling: PemSpelling,
): UsualBlock | undefined {
  const { begin, end, decode } = spelling
  if (!text.startsWith(begin, at)) return undefined
  const bodyAt = at + begin.length
  const endAt = text.indexOf('-----', bodyAt)
  if (endAt === -1 || !text.startsWith(end, endAt)) return undefined
  const der = decode(text.slice(bodyAt, endAt))
  return der === undefined ? undefined : { der, next: endAt + end.length }
}

/** Octets of lines of 64 characters of base64, but for the last, and each with its end. */
export function decodeUsualBody(body: string, lineEnd: string): Bytes | undefined {
  const stride = lineLength + lineEnd.length
  let base64 = ''
  let at = 0
  for (; at + stride < body.length; at += stride) {
    if (!body.startsWith(lineEnd, at + lineLength)) return undefined
    base64 += body.slice(at, at + lineLength)
  }
  if (!body.endsWith(lineEnd) || body.length - at === lineEnd.length) return undefined
  return fromStrictBase64(base64 + body.slice(at, -lineEnd.length))
}
