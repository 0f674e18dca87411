import { instantFromMs } from '#shared/time.ts'
import * as z from 'zod'

/** What the commands read of the JSON API's answers; the API may say more. */

const instant = z.int().transform(instantFromMs)

export const headForm = z.object({
  epoch: z.int(),
  document: z.string().optional(),
  at: instant,
})

export const storeForm = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: instant,
  status: z.string(),
  head: headForm.optional(),
})

export const storesForm = z.object({ trustStores: z.array(storeForm) })

export const fileForm = z.object({ file: z.string(), octets: z.int() })

const bundleForm = z.object({ file: z.string(), certificates: z.int(), subjectOctets: z.int() })

const listForm = z.object({
  id: z.int(),
  file: z.string(),
  source: z.string(),
  issuer: z.string(),
  kind: z.string(),
  scope: z.string().optional(),
  number: z.string().optional(),
  thisUpdate: instant,
  nextUpdate: instant,
  entries: z.int(),
  supersededBy: z.int().optional(),
})

export const documentForm = z.object({
  bundle: bundleForm,
  intermediates: bundleForm.optional(),
  lists: z.array(listForm),
  revoked: z.array(
    z.object({ issuer: z.string(), serial: z.string(), since: instant, reason: z.string() }),
  ),
})

export const auditForm = z.object({
  entries: z.array(
    z.object({
      id: z.int(),
      at: instant,
      by: z.string(),
      change: z.looseObject({ kind: z.string() }),
      outcome: z.discriminatedUnion('kind', [
        z.object({
          kind: z.literal('made'),
          epoch: z.int(),
          document: z.string().optional(),
        }),
        z.object({
          kind: z.literal('refused'),
          refusal: z.object({ code: z.string(), because: z.string() }),
        }),
        z.object({ kind: z.literal('done') }),
      ]),
    }),
  ),
})

export const findingsForm = z.object({
  findings: z.array(
    z.object({
      code: z.string(),
      severity: z.enum(['notice', 'warning', 'severe']),
      subject: z.string(),
      at: instant,
      because: z.string(),
      advice: z.string(),
    }),
  ),
})

export const sourceForm = z.object({
  id: z.int(),
  kind: z.string(),
  location: z.string(),
  everyMs: z.int(),
  nextAt: instant,
  failures: z.int(),
  lastOutcome: z
    .object({
      kind: z.string(),
      at: instant,
      epoch: z.int(),
      refusal: z.object({ code: z.string(), because: z.string() }).optional(),
    })
    .optional(),
  lastFailure: z.object({ at: instant, because: z.string() }).optional(),
})

export const sourcesForm = z.object({ sources: z.array(sourceForm) })

export const discoveredForm = z.object({
  added: z.array(sourceForm),
  passed: z.array(z.object({ location: z.string(), because: z.string() })),
})

export const problemForm = z.object({
  code: z.string(),
  detail: z.string().optional(),
  refusal: z.string().optional(),
  errors: z.array(z.object({ at: z.string(), expected: z.string() })).optional(),
})

export type Store = z.infer<typeof storeForm>
export type StoreText = z.infer<typeof documentForm>
export type AuditEntry = z.infer<typeof auditForm>['entries'][number]
export type Finding = z.infer<typeof findingsForm>['findings'][number]
export type Source = z.infer<typeof sourceForm>
export type Problem = z.infer<typeof problemForm>
