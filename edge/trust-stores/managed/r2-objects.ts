import type { Objects } from './objects.ts'

/** Below which all trust stores of a bucket keep their objects: names are digests, so they share. */
export const objectsPrefix = 'objects/'

/** Objects of an R2 bucket below a prefix that ends in `/`. */
export function r2Objects(bucket: R2Bucket, prefix: string): Objects {
  return {
    async put(name, octets) {
      await bucket.put(prefix + name, octets, { sha256: name })
    },
    async get(name) {
      const object = await bucket.get(prefix + name)
      return object === null ? undefined : new Uint8Array(await object.arrayBuffer())
    },
  }
}
