import { writeXfcc, type XfccDetail } from '#shared/wire/xfcc-write.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type { PlayedPlatform } from '../played.ts'
import type { TerminatedConnection } from '../profile.ts'
import { headerPlatform } from './header-platform.ts'

/**
 * Envoy under SANITIZE_SET, as Istio's gateways have it: one element, written anew, with every detail
 * that `set_current_client_cert_details` knows.
 */
export const envoyFront: PlayedPlatform = headerPlatform({
  name: 'envoy',
  passes: 'chain',
  headers: async (connection) => [
    [
      'x-forwarded-client-cert',
      await xfccOf(connection, ['Cert', 'Chain', 'Subject', 'URI', 'DNS']),
    ],
  ],
})

/**
 * One element, undefined without a certificate. Throws where the leaf does not parse or a name in it
 * cannot be written: such a one is none of the fleet's.
 */
export async function xfccOf(
  { chain: [der, ...intermediates] }: TerminatedConnection,
  details: readonly XfccDetail[],
): Promise<string | undefined> {
  if (der === undefined) return undefined
  const leaf = parseCertificate(der)
  if (!leaf.ok) throw new Error(`a leaf that does not parse: ${leaf.error.expected}`)
  const element = await writeXfcc({ by: [], leaf: leaf.value, intermediates }, details)
  if (!element.ok) throw new Error(`${element.error.key}: expected ${element.error.expected}`)
  return element.value
}
