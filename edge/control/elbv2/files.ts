import type { Bytes } from '#shared/bytes.ts'
import {
  storeAndRelease,
  storeObject,
  type ObjectName,
} from '../../trust-stores/managed/objects.ts'
import { checkAlbBundle, checkAlbRevocationFile } from './alb-files.ts'
import type { BucketObject } from '../../trust-stores/buckets/bucket-objects.ts'
import type { Call } from './call.ts'
import type { AwsErrorCode } from './errors.ts'
import { AwsFault, optionalText, requiredText } from './input.ts'
import type { QueryTree } from './query.ts'

/** The CA bundle that a request names, copied once, as ALB does. Throws an AwsFault where ALB would not take it. */
export async function copyBundle(call: Call): Promise<ObjectName> {
  const object = objectOf(call.input, 'CaCertificatesBundleS3')
  const octets = await read(call, object, {
    missing: 'CaCertificatesBundleNotFound',
    refused: 'InvalidCaCertificatesBundle',
  })
  const checked = checkAlbBundle(octets)
  if (!checked.ok) throw new AwsFault('InvalidCaCertificatesBundle', checked.error)
  return storeObject(call.plane.objects, octets)
}

/** A revocation file of `RevocationContents`, copied once. */
export async function copyRevocations(
  call: Call,
  content: QueryTree,
): Promise<{ readonly file: ObjectName; readonly source: string }> {
  const type = optionalText(content, 'RevocationType') ?? 'CRL'
  if (type !== 'CRL') throw new AwsFault('ValidationError', 'RevocationType is CRL, and no other')
  const object = objectOf(content, 'S3')
  const octets = await read(call, object, {
    missing: 'RevocationContentNotFound',
    refused: 'InvalidRevocationContent',
  })
  const checked = checkAlbRevocationFile(octets)
  if (!checked.ok) throw new AwsFault('InvalidRevocationContent', checked.error)
  return { file: await storeAndRelease(call.plane.objects, octets), source: addressOf(object) }
}

/** `prefix` is how the operation calls its three parameters. */
function objectOf(input: QueryTree, prefix: 'S3' | 'CaCertificatesBundleS3'): BucketObject {
  return {
    bucket: requiredText(input, `${prefix}Bucket`),
    key: requiredText(input, `${prefix}Key`),
    version: optionalText(input, `${prefix}ObjectVersion`),
  }
}

const addressOf = ({ bucket, key, version }: BucketObject): string =>
  `s3://${bucket}/${key}${version === undefined ? '' : `?versionId=${version}`}`

async function read(
  { buckets }: Call,
  object: BucketObject,
  codes: { readonly missing: AwsErrorCode; readonly refused: AwsErrorCode },
): Promise<Bytes> {
  const octets = await buckets.get(object)
  if (octets.ok) return octets.value
  const { kind, because } = octets.error
  const code = kind === 'unavailable' ? 'ServiceUnavailable' : codes[refusalOf[kind]]
  throw new AwsFault(code, `${addressOf(object)}: ${because}`)
}

const refusalOf = { missing: 'missing', too_large: 'refused' } as const
