/** Follows the frames of one direction of a WebSocket (RFC 6455 5.2), which may break anywhere in between. */
export interface FrameGauge {
  take(octets: Uint8Array): void
  /** Whether all that came is whole frames: there, and nowhere else, one more can be put. */
  isBetweenFrames(): boolean
}

export function createFrameGauge(): FrameGauge {
  let header: readonly number[] = []
  let payloadLeft = 0
  const takeSome = (octets: Uint8Array): Uint8Array => {
    if (payloadLeft > 0) {
      const payload = Math.min(payloadLeft, octets.length)
      payloadLeft -= payload
      return octets.subarray(payload)
    }
    header = [...header, ...octets.subarray(0, 1)]
    const length = payloadLength(header)
    if (length !== undefined) {
      header = []
      payloadLeft = length
    }
    return octets.subarray(1)
  }
  return {
    take(octets) {
      let rest = octets
      while (rest.length > 0) rest = takeSome(rest)
    },
    isBetweenFrames: () => header.length === 0 && payloadLeft === 0,
  }
}

/** RFC 6455 5.2: seven bits, or 126 and two octets, or 127 and eight; a masked frame's key behind them. */
function payloadLength(header: readonly number[]): number | undefined {
  const [, second] = header
  if (second === undefined) return undefined
  const short = second & 0x7f
  const more = short === 126 ? 2 : short === 127 ? 8 : 0
  const key = second >= 0x80 ? 4 : 0
  if (header.length < 2 + more + key) return undefined
  if (more === 0) return short
  return header.slice(2, 2 + more).reduce((length, octet) => length * 256 + octet, 0)
}

/** An unmasked close frame, as servers send it (RFC 6455 5.5.1); the reason is at most 123 octets. */
export function closeFrame(code: number, reason: string): Uint8Array {
  const text = Buffer.from(reason).subarray(0, 123)
  return Buffer.concat([Buffer.of(0x88, text.length + 2, code >> 8, code & 0xff), text])
}
