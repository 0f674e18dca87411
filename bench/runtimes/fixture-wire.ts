import { concatBytes, toUtf8, type Bytes } from '#shared/bytes.ts'
import type { Fixture } from '../operations/operation.ts'

/** A fixture as one body: a line of JSON, how long each octet string is by name, and then the octets. */
export function packFixture(fixture: Fixture): Bytes {
  const lengths = Object.entries(fixture).map(
    ([name, all]) => [name, all.map(({ length }) => length)] as const,
  )
  return concatBytes(toUtf8(`${JSON.stringify(lengths)}\n`), ...Object.values(fixture).flat())
}

export function unpackFixture(body: Bytes): Fixture {
  const lineEnd = body.indexOf(0x0a)
  const lengths = JSON.parse(new TextDecoder().decode(body.subarray(0, lineEnd))) as [
    string,
    number[],
  ][]
  let at = lineEnd + 1
  const take = (length: number): Bytes => body.slice(at, (at += length))
  return Object.fromEntries(lengths.map(([name, all]) => [name, all.map(take)]))
}
