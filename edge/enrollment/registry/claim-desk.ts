import { toBase64Url, toHex, toUtf8, type Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { shift } from '#shared/time.ts'
import type { Claim, ClaimState } from './claims.ts'
import { malformedClass, type Context } from './context.ts'
import type { RegistryRefusal } from './refusal.ts'
import { isDeviceName } from './device.ts'

/** A claim that is to be made. */
export interface ClaimOrder extends Pick<Claim, 'device' | 'quota' | 'classes' | 'approval'> {
  readonly forMs: number
  /** DER of a claim certificate that devices share; a token is drawn where there is none. */
  readonly certificate?: Bytes
}

/** A batch in a warehouse; what is needed for longer is made anew. */
const claimMsMax = 400 * 86_400_000
const claimQuotaMax = 1_000_000

/** The word before a token lets scanners of leaked secrets know what they found. */
const claimPrefix = 'sallyport_claim_'

/** Claims, as operators make and end them. */
export function claimsOf({ parts, clock, random, settled }: Context) {
  return {
    /** A new claim and, where it is no certificate's, its token: shown once, kept nowhere. */
    async makeClaim(
      order: ClaimOrder,
      by: string,
    ): Promise<
      Result<{ readonly claim: Claim; readonly token: string | undefined }, RegistryRefusal>
    > {
      await settled()
      const wrong = malformedOrder(order)
      if (wrong !== undefined) return err(wrong)
      const token =
        order.certificate === undefined ? claimPrefix + toBase64Url(random(32)) : undefined
      const { device, quota, classes, approval } = order
      const now = clock.now()
      const claim = {
        id: toHex(random(8)),
        secretSha256: await claimSecretSha256(order.certificate ?? token ?? ''),
        device,
        quota,
        classes,
        approval,
        notAfter: shift(now, order.forMs),
        madeAt: now,
        madeBy: by,
      }
      await parts.ofDigest('claims', claim.secretSha256).addClaim(claim)
      const whose = device === undefined ? `${quota} devices` : device
      await parts.rules.addAudit({ at: now, by, what: `claim ${claim.id} made for ${whose}` })
      return ok({ claim, token })
    },
    async claims(page: {
      readonly after: string
      readonly limit: number
    }): Promise<readonly ClaimState[]> {
      const pages = await Promise.all(parts.claims().map((part) => part.claims(page)))
      return pages
        .flat()
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .slice(0, page.limit)
    },
    async revokeClaim(id: string, by: string): Promise<Result<void, RegistryRefusal>> {
      const now = clock.now()
      const found = await Promise.all(parts.claims().map((part) => part.revokeClaim(id, now)))
      if (!found.includes(true)) {
        return err({ code: 'claim_not_found', because: `there is no claim ${id}` })
      }
      await parts.rules.addAudit({ at: now, by, what: `claim ${id} revoked` })
      return ok(undefined)
    },
  }
}

/** How a claim is known: by the digest of its token, or of its certificate's DER. */
export async function claimSecretSha256(secret: string | Bytes): Promise<string> {
  const octets = typeof secret === 'string' ? toUtf8(secret) : secret
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', octets)))
}

const wrong = (because: string): RegistryRefusal => ({ code: 'claim_malformed', because })

function malformedOrder(order: ClaimOrder): RegistryRefusal | undefined {
  const { device, quota, forMs, classes } = order
  if (device !== undefined && !isDeviceName(device)) return wrong('the name is no device’s')
  if (!Number.isSafeInteger(quota) || quota < 1 || quota > claimQuotaMax) {
    return wrong(`a quota of 1 to ${claimQuotaMax} is expected`)
  }
  if (!(forMs > 0 && forMs <= claimMsMax)) return wrong('a claim is good for at most 400 days')
  return malformedClass(classes)
}
