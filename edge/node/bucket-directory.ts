import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { ok } from '#shared/result.ts'
import {
  bucketFault,
  objectOctetsMax,
  type BucketObjects,
} from '../trust-stores/buckets/bucket-objects.ts'
import { absentAsUndefined } from '../trust-stores/directory-trust-files.ts'

/**
 * Buckets as folders of a directory, for the control plane of one machine: `bucket/key` is a file. It
 * keeps one version of each; asked for another one it is missing.
 */
export function directoryBuckets(directory: string): BucketObjects {
  return {
    async get({ bucket, key, version }) {
      if (version !== undefined) return bucketFault('missing', 'a directory keeps no versions')
      const segments = [bucket, ...key.split('/')]
      // A key is a path here: none leads out of its bucket, and none of a folder's own names is one.
      if (!segments.every(isSegment))
        return bucketFault('missing', 'there is no object of this key')
      const octets = await absentAsUndefined(() => readAtMost(join(directory, ...segments)))
      if (octets === undefined) return bucketFault('missing', `there is no file ${bucket}/${key}`)
      if (octets !== 'too_large') return ok(octets)
      return bucketFault('too_large', `it has more than ${objectOctetsMax} octets`)
    },
  }
}

const isSegment = (segment: string): boolean =>
  segment !== '' && segment !== '.' && segment !== '..' && !/[/\\\0]/.test(segment)

async function readAtMost(
  path: string,
): Promise<Uint8Array<ArrayBuffer> | 'too_large' | undefined> {
  const file = await open(path)
  try {
    const status = await file.stat()
    if (!status.isFile()) return undefined
    return status.size > objectOctetsMax ? 'too_large' : new Uint8Array(await file.readFile())
  } finally {
    await file.close()
  }
}
