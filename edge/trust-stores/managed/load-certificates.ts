import type { Certificate } from '#shared/x509/certificate.ts'
import { readCertificates } from '../gate.ts'
import type { StoreDocument } from './document.ts'
import { loadObject, type ObjectName, type Objects } from './objects.ts'

/** Anchors and intermediates: those whose signatures on lists are asked. */
export async function issuersOf(
  { bundle, intermediates }: StoreDocument,
  objects: Objects,
): Promise<readonly Certificate[]> {
  const files = intermediates === undefined ? [bundle.file] : [bundle.file, intermediates.file]
  const read = await Promise.all(files.map((file) => loadCertificates(objects, file)))
  return read.flat()
}

/** A bundle that was taken once. Throws an Error where the bucket no longer holds it. */
export async function loadCertificates(
  objects: Objects,
  file: ObjectName,
): Promise<readonly Certificate[]> {
  const read = readCertificates(await loadObject(objects, file))
  if (read.ok) return read.value
  throw new Error(`the bundle ${file}, taken before, cannot be read any more: ${read.error}`)
}
