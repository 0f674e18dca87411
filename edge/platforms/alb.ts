import type { Presented } from '#shared/verdict/presented.ts'
import {
  albNames,
  albVerifyHeaders,
  readAlbPassthrough,
  readAlbVerify,
  type AlbFault,
  type AlbNames,
} from '#shared/wire/alb.ts'
import type { Platform, PlatformRequest } from './platform.ts'

export interface AlbOptions {
  /** The listener's mode: which of the headers ALB sets, and so which ones are a client's forgery. */
  readonly mode: 'passthrough' | 'verify'
  /** ALB's own names unless the listener's attributes rename them. */
  readonly names?: AlbNames
}

/**
 * AWS Application Load Balancer. What it does with a client's copy of its headers is documented
 * nowhere; a repeated header (ALB's line beside the client's) is malformed, but in passthrough mode
 * a device without a certificate can send the header all by itself. So the chain proves nothing
 * about the connection unless the targets can be reached through the load balancer only, and the
 * headers bear names that clients do not know.
 */
export function albPlatform({ mode, names = albNames() }: AlbOptions): Platform {
  const read = mode === 'verify' ? readVerify : readPassthrough
  return {
    name: 'alb',
    ownHeaders: ownHeaders(mode, names),
    read: (request) => read(request, names),
  }
}

function ownHeaders(mode: AlbOptions['mode'], names: AlbNames): readonly string[] {
  const ofMode = mode === 'verify' ? albVerifyHeaders.map((header) => names[header]) : [names.chain]
  return [...ofMode, names.tlsVersion, names.tlsCipherSuite].map((name) => name.toLowerCase())
}

/** ALB has verified the leaf and withholds the chain: its word, and the leaf's bytes. */
function readVerify({ headers }: PlatformRequest, names: AlbNames): Presented {
  const read = readAlbVerify((name) => headers.get(name), names)
  if (!read.ok) return malformed(read.error)
  return read.value === undefined ? { kind: 'none' } : { kind: 'attested', ...read.value }
}

/** ALB has verified nothing but that the client holds the key of the leaf. */
function readPassthrough({ headers }: PlatformRequest, names: AlbNames): Presented {
  const read = readAlbPassthrough((name) => headers.get(name), names)
  if (!read.ok) return malformed(read.error)
  const [leaf, ...intermediates] = read.value ?? []
  return leaf === undefined ? { kind: 'none' } : { kind: 'chain', leaf, intermediates }
}

const malformed = ({ field, expected }: AlbFault): Presented => ({
  kind: 'malformed',
  field: field.toLowerCase(),
  expected,
})
