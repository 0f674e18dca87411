import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodePem } from '#shared/wire/pem.ts'
import type { Publication, PublishedList, Site } from './gateway.ts'

/** Files that servers of OpenSSL are given: server and key, apart and together, anchors, lists. */
export function writeSite({ folder, server, anchorsPem, lists }: Site): void {
  writeServerFiles(folder, { ...server, anchorsPem })
  writeLists(folder, { kind: 'lists', lists })
}

/** Of the server itself, and whom it trusts. */
export function writeServerFiles(
  folder: string,
  files: { readonly certPem: string; readonly keyPem: string; readonly anchorsPem: string },
): void {
  const { certPem, keyPem, anchorsPem } = files
  writeFileSync(join(folder, 'server.pem'), certPem)
  writeFileSync(join(folder, 'server.key'), keyPem)
  writeFileSync(join(folder, 'server-with-key.pem'), certPem + keyPem)
  writeFileSync(join(folder, 'anchors.pem'), anchorsPem)
}

/** `crls.pem`: every list in one file, as these servers want them. */
export function writeLists(folder: string, publication: Publication): void {
  const file = join(folder, 'crls.pem')
  if (publication.kind === 'missing') return rmSync(file, { force: true })
  writeFileSync(file, publication.kind === 'lists' ? pemOf(publication.lists) : publication.octets)
}

export function pemOf(lists: readonly PublishedList[]): string {
  return lists.map(({ der }) => encodePem('X509 CRL', der)).join('')
}
