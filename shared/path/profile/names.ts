import { emptyNameOctets, oddCharacterOf } from '#shared/x509/name-syntax.ts'
import { ok, type Result } from '#shared/result.ts'
import type { PathIndex, Rejection } from '#shared/verdict/rejection.ts'
import { readName } from '#shared/wire/name-reader.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import type { ListedExtensions } from './listed-extensions.ts'
import { violated } from './violation.ts'

const subjectAltName = '2.5.29.17'

/**
 * RFC 5280 4.2.1.6: dNSName in the preferred name syntax (RFC 1034 3.5, RFC 1123 2.1): labels of
 * letters, digits and hyphens, the last of them not a number, so that no address looks like a host.
 * A wildcard label in front, which RFC 9525 6.3 matches, is left to whoever uses the names.
 */
const preferredName =
  /^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*(?![0-9]+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i

/** RFC 5280 4.2.1.6: host names are host names. */
export function checkHostNames(
  { extensions: { subjectAltNames } }: Certificate,
  at: PathIndex,
): Result<void, Rejection> {
  const odd = subjectAltNames?.dns.find((name) => !preferredName.test(name))
  if (odd === undefined) return ok(undefined)
  return violated(at, 'host_name_syntax', odd, 'preferred name syntax')
}

/** RFC 5280 4.1.2.6: where the subject is empty, subjectAltName says who it is; that it is critical the parser asks. */
export function checkSubjectNamed(
  { subject }: Certificate,
  at: PathIndex,
  listed: ListedExtensions,
): Result<void, Rejection> {
  if (subject.length > emptyNameOctets || listed.has(subjectAltName)) return ok(undefined)
  return violated(at, 'subject_named', 'no subject, no subjectAltName', 'a name')
}

/** RFC 5280 4.1.2.4: a PrintableString of X.680's own characters, in the names of issuer and subject. */
export function checkNameStrings(
  { issuer, subject }: Certificate,
  at: PathIndex,
): Result<void, Rejection> {
  for (const name of [subject, issuer]) {
    const read = readName(name)
    const attributes = read.ok ? read.value.flat() : []
    const odd = attributes.map(oddCharacterOf).find((character) => character !== undefined)
    if (odd !== undefined) return violated(at, 'name_string', odd, "a PrintableString's characters")
  }
  return ok(undefined)
}

/** RFC 5280 4.2.1.10: a host in a subtree is written like any host, without a dot in front. */
export function checkHostSubtrees(
  { extensions: { nameConstraints } }: Certificate,
  at: PathIndex,
): Result<void, Rejection> {
  const bases = [...(nameConstraints?.permitted ?? []), ...(nameConstraints?.excluded ?? [])]
  for (const base of bases) {
    if (base.form === 'dns' && base.text.startsWith('.')) {
      return violated(at, 'host_subtree_syntax', base.text, 'no dot in front')
    }
  }
  return ok(undefined)
}
