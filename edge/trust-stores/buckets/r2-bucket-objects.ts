import { bucketFault, objectOctetsMax, readBounded, type BucketObjects } from './bucket-objects.ts'

/** As little of an R2 bucket as is read here. */
export interface ReadableBucket {
  get(
    key: string,
  ): Promise<{ readonly version: string; readonly body: ReadableStream<Uint8Array> } | null>
}

/**
 * Buckets that are bound to the worker, by the names under which they are asked for.
 *
 * R2 keeps one version of an object; asked for another one it is missing.
 */
export function r2BucketObjects(buckets: ReadonlyMap<string, ReadableBucket>): BucketObjects {
  return {
    async get({ bucket, key, version }) {
      const bound = buckets.get(bucket)
      if (bound === undefined) return bucketFault('missing', 'there is no bucket of this name')
      const object = await bound.get(key)
      if (object === null) return bucketFault('missing', 'there is no object of this key')
      if (version === undefined || version === object.version) {
        return readBounded(object.body, objectOctetsMax)
      }
      await object.body.cancel()
      return bucketFault('missing', 'there is no object of this version')
    },
  }
}
