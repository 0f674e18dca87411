import { instantFromMs } from '#shared/time.ts'
import * as z from 'zod'

/** What the commands read of the registry's answers; the API may say more. */

const instant = z.int().transform(instantFromMs)

const deviceForm = z.object({
  name: z.string(),
  status: z.string(),
  since: instant,
  classes: z.array(z.string()),
  factoryLeaf: z.string().optional(),
  suspendedClass: z.string().optional(),
})

export const devicesForm = z.object({ devices: z.array(deviceForm) })

export const countsForm = z.record(z.string(), z.int())

export const detailsForm = deviceForm.extend({
  history: z.array(
    z.object({ at: instant, by: z.string(), status: z.string(), because: z.string() }),
  ),
  certificates: z.array(
    z.object({
      serial: z.string(),
      issuerKeyId: z.string(),
      issuer: z.string(),
      notBefore: instant,
      notAfter: instant,
      revokedAt: instant.optional(),
    }),
  ),
  enrolments: z.array(
    z.object({ at: instant, kind: z.string(), state: z.string(), because: z.string().optional() }),
  ),
})

const published = z.array(
  z.object({ store: z.string(), entries: z.int(), failure: z.string().optional() }),
)

export type Published = z.infer<typeof published>

export const publishedForm = z.object({ published })

export const changedForm = z.object({ device: deviceForm, published })

export const classesForm = z.object({
  suspended: z.array(
    z.object({ class: z.string(), at: instant, by: z.string(), because: z.string() }),
  ),
})

const claimForm = z.object({
  id: z.string(),
  device: z.string().optional(),
  quota: z.int(),
  notAfter: instant,
  approval: z.string(),
  madeBy: z.string(),
  used: z.int().default(0),
  refused: z.int().default(0),
  revokedAt: instant.optional(),
})

export const claimsForm = z.object({ claims: z.array(claimForm) })

export const madeClaimForm = z.object({ claim: claimForm, token: z.string().optional() })

export const challengeForm = z.object({ nonce: z.string(), until: instant })

export const authorityForm = z.object({
  keySha256: z.string(),
  name: z.string(),
  status: z.string(),
  approval: z.string(),
  firstConnection: z.string(),
  firstConnections: z.int().default(0),
  firstConnectionsMax: z.int().optional(),
  classes: z.array(z.string()),
})

export const authoritiesForm = z.object({ authorities: z.array(authorityForm) })

export const outcomesForm = z.object({ outcomes: z.array(z.string()) })

export const exportForm = z.object({ devices: z.array(z.looseObject({ name: z.string() })) })

export const auditForm = z.object({
  entries: z.array(z.object({ id: z.int(), at: instant, by: z.string(), what: z.string() })),
})

export type Device = z.infer<typeof deviceForm>
export type Details = z.infer<typeof detailsForm>
