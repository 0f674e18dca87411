import { err, ok, type Result } from '#shared/result.ts'

/*
 * Faults of the network by the names, attributes and defaults that Toxiproxy gives them (its README,
 * "Toxics"), so that what is known of the one holds of the other.
 */

/** The attributes of each toxic, with what they are where nobody says. */
const attributesOf = {
  /** Milliseconds that each piece waits, more or less by up to `jitter`. */
  latency: { latency: 0, jitter: 0 },
  /** Kilobytes a second. */
  bandwidth: { rate: 0 },
  /** Milliseconds between the end of the data and that of the connection. */
  slow_close: { delay: 0 },
  /** Nothing passes; the connection ends after so many milliseconds, and never after 0. */
  timeout: { timeout: 0 },
  /** A TCP reset after so many milliseconds, at once after 0. */
  reset_peer: { timeout: 0 },
  /** Pieces of `average_size` octets, more or less by `size_variation`, `delay` microseconds apart. */
  slicer: { average_size: 0, size_variation: 0, delay: 0 },
  /** The connection ends behind so many octets. */
  limit_data: { bytes: 0 },
} as const

export type ToxicType = keyof typeof attributesOf

/** One fault. `upstream` is what the client sends, `downstream` what comes back to it. */
export interface Toxic {
  readonly type: ToxicType
  readonly stream: 'upstream' | 'downstream'
  /** Share of the connections that it falls on, from 0 to 1. */
  readonly toxicity: number
  readonly attributes: Readonly<Record<string, number>>
}

/**
 * Reads `latency,latency=300,jitter=50,stream=upstream,toxicity=0.5`. The error names the part at
 * fault and what was expected there.
 */
export function parseToxic(text: string): Result<Toxic, string> {
  const [type = '', ...parts] = text.split(',')
  if (!isToxicType(type)) {
    return err(`no toxic is called "${type}": expected ${Object.keys(attributesOf).join(', ')}`)
  }
  let toxic: Toxic = { type, stream: 'downstream', toxicity: 1, attributes: attributesOf[type] }
  for (const part of parts) {
    const read = withPart(toxic, part)
    if (!read.ok) return read
    toxic = read.value
  }
  return ok(toxic)
}

function withPart(toxic: Toxic, part: string): Result<Toxic, string> {
  const [name = '', value = ''] = part.split('=', 2)
  if (name === 'stream') {
    const isStream = value === 'upstream' || value === 'downstream'
    return isStream
      ? ok({ ...toxic, stream: value })
      : err(`${part}: expected upstream or downstream`)
  }
  const number = Number(value)
  if (value === '' || !Number.isFinite(number) || number < 0) {
    return err(`${part}: expected a number of at least 0`)
  }
  if (name === 'toxicity') {
    return number <= 1 ? ok({ ...toxic, toxicity: number }) : err(`${part}: expected at most 1`)
  }
  if (!Object.hasOwn(toxic.attributes, name)) {
    return err(`${part}: ${toxic.type} has ${Object.keys(toxic.attributes).join(', ')}`)
  }
  return ok({ ...toxic, attributes: { ...toxic.attributes, [name]: number } })
}

function isToxicType(text: string): text is ToxicType {
  return Object.hasOwn(attributesOf, text)
}
