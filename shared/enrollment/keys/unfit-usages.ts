import type { Bytes } from '#shared/bytes.ts'
import { keyUsageTexts } from '#shared/x509/key-usage-text.ts'
import type { DeviceKey } from './read-key.ts'

/** Uses that keys of a family do not have (RFC 5480 3, RFC 8410 5). */
const unfit = {
  ec: ['keyEncipherment', 'dataEncipherment'],
  ed25519: ['keyEncipherment', 'dataEncipherment', 'keyAgreement', 'encipherOnly', 'decipherOnly'],
  rsa: ['keyAgreement', 'encipherOnly', 'decipherOnly'],
} as const

/** The uses among those of a keyUsage that a key of its kind does not have; none of a kind that is unknown. */
export function unfitUsages(keyUsage: Bytes, { known }: DeviceKey): readonly string[] {
  if (known === undefined) return []
  const none: readonly string[] = unfit[known.kind.family]
  return keyUsageTexts(keyUsage).filter((usage) => none.includes(usage))
}
