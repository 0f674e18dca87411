import type { IncomingMessage } from 'node:http'

/** Fields of one hop (RFC 9110 7.6.1); `expect` was answered by Node's server itself. */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
])

/** A field line: its name in lower case, its value. */
export type FieldLine = readonly [name: string, value: string]

/** RFC 9110 7.6.1: without the hop's own fields and those that `Connection` names beside them. */
export function endToEnd(lines: readonly FieldLine[]): FieldLine[] {
  const nominated = new Set(
    lines
      .filter(([name]) => name === 'connection')
      .flatMap(([, value]) => value.split(',').map((token) => token.trim().toLowerCase())),
  )
  return lines.filter(([name]) => !hopByHop.has(name) && !nominated.has(name))
}

/** The field lines of a message, as they were sent. */
export function linesOf({ rawHeaders }: IncomingMessage): FieldLine[] {
  const lines: FieldLine[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    lines.push([(rawHeaders[index] ?? '').toLowerCase(), rawHeaders[index + 1] ?? ''])
  }
  return lines
}
