import { readOid } from '#shared/der/oid.ts'
import { parseDer, tag, type DerReader } from '#shared/der/reader.ts'
import { ok, type Result } from '#shared/result.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import type { ListedExtensions } from './listed-extensions.ts'
import { violated } from './violation.ts'

/** RFC 5280 4.2.2.1 and 4.2.2.2, which have one syntax. */
const accessExtensions = {
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
  subjectInfoAccess: '1.3.6.1.5.5.7.1.11',
} as const

/**
 * RFC 5280 4.2.2.1: `SEQUENCE SIZE (1..MAX) OF AccessDescription`. The core fetches nothing and so
 * never reads what it says; whether it is well formed is the profile's question.
 */
export function checkAccessDescriptions(
  at: PathIndex,
  listed: ListedExtensions,
): Result<void, Rejection> {
  for (const [name, oid] of Object.entries(accessExtensions)) {
    const extension = listed.get(oid)
    const read = extension && parseDer(extension.value, readAccessDescriptions)
    if (read?.ok === false) return violated(at, 'access_descriptions', name, read.error.expected)
  }
  return ok(undefined)
}

function readAccessDescriptions(reader: DerReader): void {
  const outer = reader.open(tag.sequence, 'AccessDescriptions')
  if (reader.done) reader.fail('at least one AccessDescription')
  while (!reader.done) {
    const inner = reader.open(tag.sequence, 'AccessDescription')
    readOid(reader, 'accessMethod')
    reader.skip('accessLocation')
    reader.close(inner)
  }
  reader.close(outer)
}
