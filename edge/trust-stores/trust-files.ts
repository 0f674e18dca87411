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
