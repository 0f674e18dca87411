import type { Bytes } from '#shared/bytes.ts'

/** One file of a trust store as its bucket lists it. */
export interface TrustFile {
  /** Below the store's prefix: `anchors.pem`, `intermediates.pem`, `crl/….crl`. */
  readonly name: string
  /** Changes with the content (an entity tag). */
  readonly version: string
  /** Milliseconds since 1970, by the bucket's clock: orders versions, decides nothing. */
  readonly writtenAt: number
}

/** Where a trust store's files lie. Publishing a CRL is writing one of them. */
export interface TrustFiles {
  list(): Promise<readonly TrustFile[]>
  /** The file's octets, or undefined where it has gone since it was listed. */
  read(name: string): Promise<Bytes | undefined>
}

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
