import { toHex, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type { Authority } from './authorities.ts'
import { factsOfCertificate, type CertificateFacts } from './certificates.ts'
import type { Context, StatusAnswer } from './context.ts'
import type { RegistryRefusal } from './refusal.ts'
import { isDeviceName } from './device.ts'
import type { Met } from './transfer-rows.ts'

/** A device that shows a certificate of a CA's that may be registered, verified by the core. */
export interface FirstConnectionOrder {
  readonly device: string
  /** DER of the leaf. */
  readonly leaf: Bytes
  /** SHA-256 (hex) of the keys of its path's CAs, the leaf's issuer first. */
  readonly cas: readonly string[]
}

/** A first connection that can be read. */
interface Sighted extends FirstConnectionOrder {
  readonly certificate: CertificateFacts
}

/**
 * Just-in-time registration: who the device of a certificate is. One whose certificate is known is
 * what it is; of another one the rule of the nearest registered CA makes `pending` or `active`, within
 * that CA's quota. Asked twice, or by two at once, it says the same.
 */
export async function firstConnection(
  order: FirstConnectionOrder,
  context: Context,
): Promise<Result<StatusAnswer, RegistryRefusal>> {
  const read = parseCertificate(order.leaf)
  if (!read.ok || !isDeviceName(order.device)) {
    return err({ code: 'device_of_another', because: 'the leaf or the name cannot be read' })
  }
  const sighted = { ...order, certificate: await factsOfCertificate(read.value) }
  const before = await context.parts.ofDevice(order.device).metBefore(sighted)
  if (!before.ok) return before
  return before.value === undefined
    ? register(sighted, context)
    : ok({ device: before.value, published: [] })
}

async function register(
  sighted: Sighted,
  { parts, clock, publishNow }: Context,
): Promise<Result<StatusAnswer, RegistryRefusal>> {
  const rule = await parts.rules.takeFirstConnection(sighted.cas)
  if (!rule.ok) return rule
  const met = await meet(sighted, rule.value, { parts, clock })
  if (!met.ok || !met.value.isNew) {
    await parts.rules.giveFirstConnectionBack(rule.value.keySha256)
  }
  return met.ok ? ok({ device: met.value.device, published: await publishNow() }) : met
}

/** The key and the leaf are one device's: bound to it before it is written down. */
async function meet(
  { device, leaf, certificate }: Sighted,
  { firstConnection: word, classes }: Authority,
  { parts, clock }: Pick<Context, 'parts' | 'clock'>,
): Promise<Result<Met, RegistryRefusal>> {
  const leafSha256 = toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', leaf)))
  for (const what of [`leaf ${leafSha256}`, `key ${certificate.keySha256}`]) {
    const [bound] = await parts.ofBinding(what).bindForGood([{ what, device }])
    if (bound?.ok !== true) {
      return err({ code: 'device_of_another', because: 'its key or its leaf is another device’s' })
    }
  }
  const status = word === 'active' ? 'active' : 'pending'
  const sight = { device, leafSha256, certificate, status, classes } as const
  const met = await parts.ofDevice(device).meet(sight, clock.now())
  if (met !== undefined) return ok(met)
  return err({ code: 'device_of_another', because: `${device} is known by another certificate` })
}
