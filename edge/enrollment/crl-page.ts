import type { Handler } from 'hono'
import type { Bytes } from '#shared/bytes.ts'
import type { Instant } from '#shared/time.ts'
import type { AppEnv, Ports } from '../context.ts'
import { crlOfRegistry, type RevokedCertificates } from './crl-of-registry.ts'
import type { EnrolmentPorts } from './ports.ts'
import type { Authority } from './signers/authority.ts'
import type { EnrolmentSettings } from './settings.ts'

/** Where the list of a CA of ours lies: its name in ENROLLMENT, with `.crl` behind it. */
export const crlPath = '/.well-known/sallyport/crl'

/** Signing for everybody who asks would be work that anybody can order: once in so long is enough. */
const freshForMs = 60_000

/**
 * The lists of the built-in CAs, for relying parties elsewhere (RFC 5280 section 5, RFC 2585 section
 * 3): nobody has to authenticate for what says only who is revoked.
 */
export function crlPage(
  { cas }: EnrolmentSettings,
  { clock }: Pick<Ports, 'clock'>,
  { registry, report }: Pick<EnrolmentPorts, 'registry' | 'report'>,
): Handler<AppEnv> {
  const held = new Map<string, { readonly der: Bytes; readonly at: Instant }>()
  return async (context) => {
    const name = context.req.path.slice(crlPath.length + 1).replace(/\.crl$/, '')
    const ca = cas.get(name)
    if (ca?.kind !== 'key') return new Response('there is no such list\n', { status: 404 })
    const now = clock.now()
    const before = held.get(name)
    if (before !== undefined && now < before.at + freshForMs) return listAnswer(before.der)
    const der = await tried(ca.authority, registry, { now, report })
    if (der === undefined) return before === undefined ? unavailable() : listAnswer(before.der)
    held.set(name, { der, at: now })
    return listAnswer(der)
  }
}

async function tried(
  authority: Authority,
  registry: RevokedCertificates,
  { now, report }: { readonly now: Instant; readonly report: EnrolmentPorts['report'] },
): Promise<Bytes | undefined> {
  try {
    return await crlOfRegistry(authority, registry, now)
  } catch (error) {
    report(`a list could not be made: ${String(error)}`)
    return undefined
  }
}

const unavailable = (): Response =>
  new Response('ask again\n', { status: 503, headers: { 'retry-after': '10' } })

function listAnswer(der: Bytes): Response {
  const headers = {
    'content-type': 'application/pkix-crl',
    'content-length': `${der.length}`,
    'cache-control': `public, max-age=${freshForMs / 1000}`,
  }
  return new Response(der, { headers })
}
