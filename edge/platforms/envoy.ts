import type { Presented } from '#shared/verdict/presented.ts'
import { chainOfXfcc } from '#shared/wire/xfcc-chain.ts'
import { parseXfcc } from '#shared/wire/xfcc.ts'
import type { Platform } from './platform.ts'
import { malformed } from './reading.ts'

/** Which elements of the header were written by proxies that are ours. */
export interface XfccTrust {
  /** How many proxies add an element each; the device's is the first of theirs. */
  readonly elements: number
  /**
   * What stands before them. `refuse`: nothing may, for the outermost proxy writes the header anew
   * (SANITIZE_SET). `ignore`: whatever a client sent, for it appends (APPEND_FORWARD).
   */
  readonly before: 'refuse' | 'ignore'
}

const field = 'x-forwarded-client-cert'

/**
 * Envoy, and Istio's gateways and sidecars: `x-forwarded-client-cert`. Each proxy says what its peer
 * presented, so of several elements the device's is the one that the outermost of our proxies wrote:
 * behind an Istio gateway, which writes anew, and a sidecar, which appends, there are two. Every
 * later proxy has to let nobody in but the one before it, for whoever else reaches it writes that
 * first element himself.
 *
 * Only its bytes are believed (`set_current_client_cert_details: {cert: true, chain: true}`): Envoy
 * escapes neither `URI` nor `DNS`, so a name in a certificate can look like further fields. A field
 * that doubles another is malformed, and one that makes up a whole element is refused by count under
 * `before: 'refuse'`, which is why that is the default. An element without bytes is malformed:
 * it has neither serial nor dates, too little to be taken at its word.
 */
export function envoyPlatform(
  trust: XfccTrust = { elements: 1, before: 'refuse' },
  name: string = 'envoy',
): Platform {
  return {
    name,
    ownHeaders: [field],
    read({ headers }) {
      const text = headers.get(field)
      return text === null ? { kind: 'none' } : readXfcc(text, trust)
    },
  }
}

async function readXfcc(text: string, trust: XfccTrust): Promise<Presented> {
  const parsed = parseXfcc(text)
  if (!parsed.ok) return malformed(field, parsed.error.expected)
  const { elements, before } = trust
  const surplus = parsed.value.length - elements
  const element = parsed.value[surplus]
  if (element === undefined) return malformed(field, `at least ${counted(elements)}`)
  if (surplus > 0 && before === 'refuse') return malformed(field, `${counted(elements)}, no more`)
  const chain = await chainOfXfcc(element)
  if (!chain.ok) return malformed(`${field}: ${chain.error.key}`, chain.error.expected)
  if (chain.value === undefined)
    return malformed(field, 'Cert or Chain, which Envoy adds where told')
  return { kind: 'chain', ...chain.value }
}

const counted = (elements: number): string =>
  elements === 1 ? 'one element' : `${elements} elements`
