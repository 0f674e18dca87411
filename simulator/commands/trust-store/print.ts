import { fromBase64 } from '#shared/bytes.ts'
import { isoFromInstant, type Instant } from '#shared/time.ts'
import { rfc2253Name } from '#shared/wire/names.ts'

/** Rows as columns of even width, the last as it comes. */
export function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(plain))
  const widths = (cells[0] ?? []).map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0)),
  )
  const lines = cells.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '),
  )
  return lines.map((line) => `${line.trimEnd()}\n`).join('')
}

/** Text of somebody else's that goes to a terminal: no character in it moves a cursor. */
export function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}')
}

export function print(text: string): void {
  process.stdout.write(text)
}

export function printJson(value: unknown): void {
  print(`${JSON.stringify(value, undefined, 2)}\n`)
}

/** One object a line, for programs that read along. */
export function printJsonLine(value: unknown): void {
  print(`${JSON.stringify(value)}\n`)
}

/** To the second; `never` where there is none. */
export function time(at: Instant | undefined): string {
  return at === undefined ? 'never' : isoFromInstant(at)
}

/** An issuer as people read it, or its base64 where it is no Name. */
export function issuerText(base64: string): string {
  const der = fromBase64(base64)
  const name = der && rfc2253Name(der)
  return name?.ok === true ? name.value : base64
}

export function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? '' : 's'}`
}
