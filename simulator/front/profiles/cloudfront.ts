import { createHash } from 'node:crypto'
import type { Bytes } from '#shared/bytes.ts'
import { writeAlbValidity } from '#shared/wire/dates.ts'
import { rfc2253Name } from '#shared/wire/names.ts'
import { colonSerial } from '#shared/wire/serial.ts'
import { encodeUrlPem } from '#shared/wire/url-pem.ts'
import type { PlayedPlatform } from '../played.ts'
import type { HeaderList } from '../profile.ts'
import { headerPlatform } from './header-platform.ts'
import { parsedLeaf, textOf } from './leaf-fields.ts'

const prefix = 'cloudfront-viewer-cert-'
const ofLeaf = ['pem', 'sha256', 'serial-number', 'issuer', 'subject', 'validity'] as const

/**
 * CloudFront viewer mutual TLS with an origin request policy that lists all of its headers. In mode
 * `optional` it turns invalid certificates away; here everyone gets through, which is the worst case
 * and leaves every decision to the worker.
 */
export const cloudfrontFront: PlayedPlatform = headerPlatform({
  name: 'cloudfront',
  passes: 'leaf',
  headers: ({ chain: [leaf] }) =>
    leaf === undefined
      ? [[`${prefix}present`, '0'], ...ofLeaf.map((name) => [prefix + name, undefined] as const)]
      : present(leaf),
})

function present(leaf: Bytes): HeaderList {
  const fields = parsedLeaf(leaf)
  const texts = {
    pem: encodeUrlPem([leaf]),
    sha256: createHash('sha256').update(leaf).digest('hex'),
    'serial-number': fields && colonSerial(fields.serial),
    issuer: fields && textOf(rfc2253Name(fields.issuer)),
    subject: fields && textOf(rfc2253Name(fields.subject)),
    validity: fields && writeAlbValidity(fields.validity),
  }
  return [[`${prefix}present`, '1'], ...ofLeaf.map((name) => [prefix + name, texts[name]] as const)]
}
