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

/** Every instant of the API: a whole number of milliseconds. */
const instant = (what: string) =>
  z.int().openapi({
    description: `${what} Milliseconds since 1970, UTC.`,
    example: 1_795_312_800_000,
  })

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
    at: instant('When it came into force.'),
  })
  .openapi('Head')

export const storeForm = z
  .object({
    id: z.string(),
    name: z.string(),
    createdAt: instant('When it was made.'),
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
    thisUpdate: instant('When its issuer made it.'),
    nextUpdate: instant('When its issuer makes the next one at the latest.'),
    entries: z.int(),
    manifest: fileName
      .optional()
      .openapi({ description: 'Of a large list: its compiled form, looked up shard by shard.' }),
    addedAt: instant('When it was taken.'),
    supersededBy: z.int().optional(),
  })
  .openapi('RevocationList')

export const documentForm = z
  .object({
    form: z.literal(1),
    bundle: bundleForm,
    intermediates: bundleForm.optional(),
    lists: z.array(listForm).readonly(),
    revoked: z
      .array(z.object({ issuer, serial, since: instant('When it was said.'), reason: z.string() }))
      .readonly(),
    refused: z
      .array(z.object({ file: fileName, entries: z.int() }))
      .readonly()
      .optional()
      .openapi({ description: 'What a device registry refuses, in its own files.' }),
  })
  .openapi('Document')

const sourceKind = z.enum(['url', 'bucket']).openapi({
  description: '`url`: an http or https address. `bucket`: an object, as bucket/key.',
})

/** Bounds of the fields are the store's own, which names what is at fault. */
export const newSourceForm = z
  .strictObject({
    kind: sourceKind,
    location: z.string().min(1).max(2048),
    everyMs: z
      .int()
      .optional()
      .openapi({ description: 'A minute to a week; an hour unless given.' }),
    allowedHosts: z
      .array(z.string().min(1).max(255))
      .max(8)
      .optional()
      .openapi({ description: 'Hosts beside its own that it may redirect to.' }),
  })
  .openapi('NewSource')

const sourceOutcomeForm = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('taken'), at: instant('When it came.'), epoch: z.int() }),
  z.object({
    kind: z.literal('refused'),
    at: instant('When it came.'),
    epoch: z.int(),
    refusal: z.object({ code: z.string(), because: z.string() }),
  }),
])

export const sourceForm = z
  .object({
    id: z.int(),
    kind: sourceKind,
    location: z.string().openapi({ description: 'Without what follows a question mark.' }),
    everyMs: z.int(),
    allowedHosts: z.array(z.string()).readonly(),
    addedBy: z.string(),
    addedAt: instant('When it was added.'),
    etag: z.string().optional(),
    lastModified: z.string().optional(),
    nextAt: instant('When it is asked next.'),
    failures: z.int().openapi({ description: 'How often in a row nothing came of it.' }),
    file: fileName.optional().openapi({ description: 'What came last.' }),
    aheadMs: z.int().optional().openapi({ description: 'How far its clock is ahead of ours.' }),
    lastOutcome: sourceOutcomeForm.optional().openapi({ description: 'What the gate said to it.' }),
    lastFailure: z
      .object({ at: instant('When.'), because: z.string() })
      .optional()
      .openapi({ description: 'Why it could not be fetched the last time.' }),
  })
  .openapi('Source')

export const discoveredForm = z
  .object({
    added: z.array(sourceForm),
    passed: z.array(z.object({ location: z.string(), because: z.string() })),
  })
  .openapi('Discovered')

export const findingForm = z
  .object({
    code: z.string(),
    severity: z.enum(['notice', 'warning', 'severe']),
    subject: z.string(),
    at: instant('When it breaks, or since when it has.'),
    because: z.string(),
    advice: z.string().openapi({ description: 'What to do.' }),
  })
  .openapi('Finding')

export const anchorForm = z
  .object({
    id: z.string().openapi({ description: 'SHA-256 of its SubjectPublicKeyInfo, hexadecimal.' }),
    subject: z.string(),
    since: instant('When it was first seen in the store.'),
    usedAt: instant('When an edge last told of it, to the hour; absent: none ever did.').optional(),
  })
  .openapi('Anchor')

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

/** Which source of which store. */
export const namedSource = {
  params: z.object({ name: storeName, id: z.coerce.number().int().positive() }),
}

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
