import type { Certificate } from '#shared/x509/certificate.ts'
import type { StoreDocument } from '../../../trust-stores/managed/document.ts'
import type { Api } from './api.ts'

/** Every certificate of a store: of its bundle and of its intermediates. */
export async function certificatesOf(
  api: Api,
  { bundle, intermediates }: StoreDocument,
): Promise<readonly Certificate[]> {
  return [
    ...(await api.certificates(bundle.file)),
    ...(intermediates === undefined ? [] : await api.certificates(intermediates.file)),
  ]
}
