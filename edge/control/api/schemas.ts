import { z } from '@hono/zod-openapi'

/** What the JSON API takes and gives, each shape once: checked at the border, and told in its OpenAPI document. */

export const fileName = z
  .string()
  .regex(
    /^[0-9a-f]{64}$/,
    'expected the SHA-256 of a stored file, 64 lower-case hexadecimal digits',
  )
  .openapi({ description: 'The SHA-256 of a file that was stored with POST /api/v1/files.' })

const issuer = z
  .string()
  .min(1)
  .max(8192)
  .regex(/^[A-Za-z0-9+/]+={0,2}$/, 'expected base64')
  .openapi({ description: 'DER of the issuer’s Name, base64: the certificate’s issuer field.' })

const serial = z
  .string()
  .max(128)
  .openapi({ description: 'Hexadecimal, colons and a sign octet or none.', example: '0A:FF' })

/** More in one request would be a list's work. */
const serialsMax = 1000

export const storeName = z
  .string()
  .regex(
    /^(?=.{1,32}$)([a-zA-Z0-9]+-)*[a-zA-Z0-9]+$/,
    'expected 1 to 32 letters, digits and hyphens',
  )

export const changeForm = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('replace_bundle'), file: fileName }),
    z.strictObject({
      kind: z.literal('replace_intermediates'),
      file: fileName.optional().openapi({ description: 'Without it there are none any more.' }),
    }),
    z.strictObject({
      kind: z.literal('add_lists'),
      lists: z
        .array(
          z.strictObject({
            file: fileName,
            source: z.string().max(1024).default('upload'),
            shrink: z
              .literal('accept')
              .optional()
              .openapi({ description: 'Your explicit word that this list may lose entries.' }),
          }),
        )
        .min(1)
        .max(30),
      removing: z.array(z.int().positive()).max(1000).optional(),
    }),
    z.strictObject({
      kind: z.literal('remove_lists'),
      ids: z.array(z.int().positive()).min(1).max(1000),
    }),
    z.strictObject({
      kind: z.literal('revoke_serials'),
      serials: z
        .array(
          z.strictObject({ issuer, serial, reason: z.string().max(256).default('unspecified') }),
        )
        .min(1)
        .max(serialsMax),
    }),
    z.strictObject({
      kind: z.literal('restore_serials'),
      serials: z.array(z.strictObject({ issuer, serial })).min(1).max(serialsMax),
    }),
    z.strictObject({ kind: z.literal('roll_back'), epoch: z.int().positive() }),
  ])
  .openapi('Change')

export const headForm = z
  .object({
    epoch: z.int(),
    document: fileName.optional().openapi({ description: 'None where the store was deleted.' }),
    at: z.int().openapi({ description: 'Milliseconds since 1970.' }),
  })
  .openapi('Head')

export const storeForm = z
  .object({
    id: z.string(),
    name: z.string(),
    createdAt: z.int(),
    status: z.enum(['CREATING', 'ACTIVE']),
    head: headForm.optional(),
  })
  .openapi('TrustStore')

const bundleForm = z.object({
  file: fileName,
  certificates: z.int(),
  subjectOctets: z.int(),
})

const listForm = z
  .object({
    id: z.int(),
    file: fileName,
    octets: z.int(),
    source: z.string(),
    issuer,
    kind: z.enum(['complete', 'delta']),
    scope: z.string().optional(),
    number: z.string().optional(),
    thisUpdate: z.int(),
    nextUpdate: z.int(),
    entries: z.int(),
    addedAt: z.int(),
    supersededBy: z.int().optional(),
  })
  .openapi('RevocationList')

export const documentForm = z
  .object({
    form: z.literal(1),
    bundle: bundleForm,
    intermediates: bundleForm.optional(),
    lists: z.array(listForm).readonly(),
    revoked: z.array(z.object({ issuer, serial, since: z.int(), reason: z.string() })).readonly(),
  })
  .openapi('Document')

export const problemForm = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string().optional(),
    refusal: z.string().optional(),
    errors: z.array(z.object({ at: z.string(), expected: z.string() })).optional(),
  })
  .openapi('Problem')

/** Which store a path names. */
export const namedStore = { params: z.object({ name: storeName }) }

/** A body of JSON, there and back. */
export const json = <Schema extends z.ZodType>(schema: Schema, description = '') => ({
  content: { 'application/json': { schema } },
  description,
  required: true,
})

/** Every refusal (RFC 9457). */
export const problems = {
  description: 'A problem',
  content: { 'application/problem+json': { schema: problemForm } },
}
