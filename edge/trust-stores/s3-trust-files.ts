import type { Bytes } from '#shared/bytes.ts'
import type { TrustFile, TrustFiles } from './trust-files.ts'

/** As much as is asked of `S3` of `@aws-sdk/client-s3`, which Lambda's runtime brings. */
export interface ReadableS3 {
  listObjectsV2(page: {
    readonly Bucket: string
    readonly Prefix: string
    readonly ContinuationToken?: string
  }): Promise<ListedPage>
  getObject(object: { readonly Bucket: string; readonly Key: string }): Promise<{
    readonly Body?: { transformToByteArray(): Promise<Uint8Array> } | undefined
  }>
}

interface ListedPage {
  readonly Contents?: readonly ListedObject[] | undefined
  /** Undefined on the last page. */
  readonly NextContinuationToken?: string | undefined
}

interface ListedObject {
  readonly Key?: string | undefined
  readonly ETag?: string | undefined
  readonly LastModified?: Date | undefined
}

/** A thousand objects each: whoever has more below a trust store's prefix has named another one. */
const pagesMax = 10

/**
 * A trust store's files in a bucket of S3, or of what speaks its API. Regions, credentials, retries
 * and time-outs are the client's own: give its request handler a time-out below the function's. Throws
 * an Error where the prefix is no folder's.
 *
 * @param client `new S3({})`; it needs `s3:ListBucket` and `s3:GetObject`
 * @param prefix of the keys; empty, or it ends in `/`
 */
export function s3TrustFiles(client: ReadableS3, bucket: string, prefix = ''): TrustFiles {
  if (prefix !== '' && !prefix.endsWith('/')) {
    throw new Error(`the prefix ${prefix}: expected one that ends in /`)
  }
  return {
    async list() {
      const files: TrustFile[] = []
      let token: string | undefined
      for (let page = 0; page < pagesMax; page += 1) {
        const at = { Bucket: bucket, Prefix: prefix, ...(token && { ContinuationToken: token }) }
        const listed = await client.listObjectsV2(at)
        for (const object of listed.Contents ?? []) files.push(toTrustFile(object, prefix))
        token = listed.NextContinuationToken
        if (token === undefined) return files
      }
      throw new Error(`more than ${pagesMax} pages of objects below ${bucket}/${prefix}`)
    },
    async read(name) {
      try {
        const { Body } = await client.getObject({ Bucket: bucket, Key: `${prefix}${name}` })
        if (Body === undefined) throw new Error(`an answer without a body for ${name}`)
        return plain(await Body.transformToByteArray())
      } catch (error) {
        if (error instanceof Error && error.name === 'NoSuchKey') return undefined
        throw error
      }
    },
  }
}

/** What S3 lists has all three; a service that leaves one out would hide when a file changes. */
function toTrustFile({ Key, ETag, LastModified }: ListedObject, prefix: string): TrustFile {
  if (Key === undefined || ETag === undefined || LastModified === undefined) {
    throw new Error(`an object is listed without its key, entity tag or date: ${Key ?? ''}`)
  }
  return { name: Key.slice(prefix.length), version: ETag, writtenAt: LastModified.getTime() }
}

/** Octets of whatever buffer the client took, over a plain one. */
const plain = (octets: Uint8Array): Bytes => new Uint8Array(octets)
