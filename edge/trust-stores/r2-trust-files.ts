import type { TrustFile, TrustFiles } from './trust-files.ts'

/** Objects of one R2 bucket below a prefix that ends in `/`. */
export function r2TrustFiles(bucket: R2Bucket, prefix: string): TrustFiles {
  return {
    async list() {
      const files: TrustFile[] = []
      let cursor: string | undefined
      do {
        const page = await bucket.list(cursor === undefined ? { prefix } : { prefix, cursor })
        files.push(...page.objects.map((object) => toTrustFile(object, prefix)))
        cursor = page.truncated ? page.cursor : undefined
      } while (cursor !== undefined)
      return files
    },
    async read(name) {
      const object = await bucket.get(`${prefix}${name}`)
      return object === null ? undefined : new Uint8Array(await object.arrayBuffer())
    },
  }
}

function toTrustFile({ key, etag, uploaded }: R2Object, prefix: string): TrustFile {
  return { name: key.slice(prefix.length), version: etag, writtenAt: uploaded.getTime() }
}
