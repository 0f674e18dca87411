import type { Bytes } from '#shared/bytes.ts'
import type { Item } from './item.ts'
import { isAuthority, isIssuedBy } from './kinds.ts'

interface PlacedCertificate {
  readonly der: Bytes
  readonly line: number | undefined
}

/**
 * Certificates of one file as the chains that people put into files: a device's, then its issuers'.
 * Whatever is neither an issuer's nor named as the issuer of the one before begins a chain; a first
 * one that is an issuer's is looked at as a device's.
 */
export function itemsOfCertificates(
  certificates: readonly PlacedCertificate[],
  file: string,
): readonly Item[] {
  const chains: { readonly line: number | undefined; readonly ders: Bytes[] }[] = []
  for (const { der, line } of certificates) {
    const last = chains.at(-1)
    const previous = last?.ders.at(-1)
    const isLinked = previous !== undefined && (isAuthority(der) || isIssuedBy(previous, der))
    if (last === undefined || !isLinked) chains.push({ line, ders: [der] })
    else last.ders.push(der)
  }
  return chains.map(({ line, ders }, at) => ({
    id: idOf(file, line, chains.length > 1 ? at : undefined),
    file,
    line,
    kind: ders.length > 1 ? ('chain' as const) : ('certificate' as const),
    ders,
  }))
}

function idOf(file: string, line: number | undefined, at: number | undefined): string {
  if (line !== undefined) return `${file}:${line}`
  return at === undefined ? file : `${file}#${at + 1}`
}
