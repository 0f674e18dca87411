import { err, ok, type Result } from '#shared/result.ts'

/** A SPIFFE ID (SPIFFE-ID specification section 2), taken apart. */
export interface SpiffeId {
  readonly trustDomain: string
  /** Segments of the path; none for the ID of the trust domain itself. */
  readonly segments: readonly string[]
}

/** What a text lacks to be a SPIFFE ID. */
export interface SpiffeFault {
  readonly expected: string
}

/** SPIFFE-ID 2.3: implementations support 2048 bytes, and none have to take more. */
const lengthMax = 2048

/** SPIFFE-ID 2.1: a trust domain is a host of RFC 3986 3.2.2, of which 255 bytes are the most. */
const trustDomainLengthMax = 255

/**
 * Reads a SPIFFE ID by the specification's letter: nothing is folded, decoded or resolved, so that
 * two IDs are the same exactly when their texts are. Scheme in lower case; no port, user, query,
 * fragment or percent-encoding; no empty segment, `.`, `..` or slash at the end.
 */
export function parseSpiffeId(text: string): Result<SpiffeId, SpiffeFault> {
  if (text.length > lengthMax) return fault(`at most ${lengthMax} bytes`)
  if (!text.startsWith('spiffe://')) return fault('spiffe:// at the start')
  const [trustDomain = '', ...segments] = text.slice('spiffe://'.length).split('/')
  if (!/^[a-z0-9._-]+$/.test(trustDomain) || trustDomain.length > trustDomainLengthMax) {
    return fault('a trust domain of lower-case letters, digits, dots, hyphens and underscores')
  }
  if (!segments.every(isSegment)) {
    return fault('path segments of letters, digits, dots, hyphens and underscores')
  }
  return ok({ trustDomain, segments })
}

/** SPIFFE-ID 2.2. */
function isSegment(segment: string): boolean {
  return /^[A-Za-z0-9._-]+$/.test(segment) && segment !== '.' && segment !== '..'
}

/** As Istio writes principals: the ID without its scheme. */
export function principalOf({ trustDomain, segments }: SpiffeId): string {
  return [trustDomain, ...segments].join('/')
}

/** Where an ID is of Istio's form `ns/<namespace>/sa/<service account>`: both. */
export function workloadOf({
  segments,
}: SpiffeId): { readonly namespace: string; readonly serviceAccount: string } | undefined {
  const [ns, namespace, sa, serviceAccount, ...more] = segments
  if (ns !== 'ns' || sa !== 'sa' || more.length > 0) return undefined
  if (namespace === undefined || serviceAccount === undefined) return undefined
  return { namespace, serviceAccount }
}

function fault(expected: string): { readonly ok: false; readonly error: SpiffeFault } {
  return err({ expected })
}
