import type { Bytes } from '#shared/bytes.ts'
import { toBase64 } from '#shared/bytes.ts'
import { importKeyRing, type KeyRing } from '#shared/session/key-ring.ts'
import type { RandomOctets } from '#shared/session/token.ts'

/** A ring of keys by their names, newest first; the same name is the same key. */
export async function ringOf(...kids: readonly string[]): Promise<KeyRing> {
  const entries = kids.map(
    (kid) => `${kid}:${toBase64(new Uint8Array(32).fill(kid.charCodeAt(0)))}`,
  )
  const ring = await importKeyRing(entries.join(','))
  if (!ring.ok) throw new Error(ring.error)
  return ring.value
}

/** Nonces that count up: never twice the same, and no chance in it. */
export function nonces(): RandomOctets {
  let count = 0
  return (length): Bytes => {
    count += 1
    return new Uint8Array(length).fill(count)
  }
}
