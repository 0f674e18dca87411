import { z } from '@hono/zod-openapi'
import { deviceStatuses, isClassName, isDeviceName } from '../../../enrollment/registry/device.ts'
import { readSerial } from '#shared/wire/serial.ts'

/** What the registry's part of the JSON API takes and gives, each shape once. */

export const deviceName = z
  .string()
  .refine(isDeviceName, 'expected 1 to 255 letters, digits and . _ : / - not ending in . _ : /')
  .openapi({ example: 'car-0001' })

export const className = z
  .string()
  .refine(isClassName, 'expected 1 to 64 letters, digits and . _ : = / -')
  .openapi({ example: 'model:x200' })

export const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hexadecimal digits')

const issuerKeyId = z
  .string()
  .regex(/^([0-9a-f]{2}){0,64}$/, 'expected an authority key identifier, lower-case hexadecimal')

/** In this core's own spelling, whatever platform's it comes in. */
const serial = z.string().transform((text, context) => {
  const read = readSerial(text)
  if (read.ok && !read.value.startsWith('-')) return read.value
  context.addIssue({ code: 'custom', message: 'expected a positive serial, hexadecimal' })
  return z.NEVER
})

export const base64 = z
  .string()
  .max(32 * 1024)
  .regex(/^[A-Za-z0-9+/]+={0,2}$/, 'expected base64 of DER')

export const because = z.string().min(1).max(256)

export const status = z.enum(deviceStatuses)

const classes = z.array(className).max(16)

export const classesForm = z.strictObject({ classes })

export const statusForm = z
  .strictObject({ status: z.enum(['active', 'suspended', 'revoked', 'retired']), because })
  .openapi('DeviceStatusChange')

export const certificateForm = z.strictObject({ issuerKeyId, serial })

const certificateRow = z.strictObject({
  issuerKeyId,
  issuer: base64.openapi({ description: 'DER of the issuer’s Name.' }),
  serial,
  keySha256: sha256,
  notBefore: z.int(),
  notAfter: z.int(),
  revokedAt: z.int().optional(),
})

/** One line of an import or an export. */
export const transferForm = z
  .strictObject({
    name: z.string().max(1024),
    status: status.default('active'),
    classes: z.array(z.string().max(128)).max(16).default([]),
    factoryLeaf: sha256
      .optional()
      .openapi({ description: 'SHA-256 of its factory’s certificate: no other one enrols it.' }),
    certificates: z.array(certificateRow).max(16).default([]),
  })
  .openapi('TransferredDevice')

export const deviceForm = z
  .object({
    name: z.string(),
    status,
    since: z.int(),
    madeAt: z.int(),
    classes: z.array(z.string()).readonly(),
    factoryLeaf: z.string().optional(),
    suspendedClass: z.string().optional(),
  })
  .openapi('Device')

const knownCertificate = z.object({
  issuerKeyId: z.string(),
  issuer: z.string(),
  serial: z.string(),
  keySha256: z.string(),
  notBefore: z.int(),
  notAfter: z.int(),
  revokedAt: z.int().optional(),
})

/** One line of an export, as an import takes it. */
export const transferredForm = z
  .object({
    name: z.string(),
    status,
    classes: z.array(z.string()).readonly(),
    factoryLeaf: z.string().optional(),
    certificates: z.array(knownCertificate).readonly(),
  })
  .openapi('ExportedDevice')

export const detailsForm = deviceForm
  .extend({
    history: z
      .array(z.object({ id: z.int(), at: z.int(), by: z.string(), status, because: z.string() }))
      .readonly(),
    certificates: z.array(knownCertificate.extend({ enrolment: z.string().optional() })).readonly(),
    enrolments: z
      .array(
        z.object({
          id: z.string(),
          at: z.int(),
          kind: z.string(),
          state: z.string(),
          requestSha256: z.string(),
          serial: z.string(),
          because: z.string().optional(),
        }),
      )
      .readonly(),
  })
  .openapi('DeviceDetails')

export const publishedForm = z
  .array(z.object({ store: z.string(), entries: z.int(), failure: z.string().optional() }))
  .readonly()
  .openapi({
    description: 'What each trust store refuses now; with `failure` it is tried again by itself.',
  })

export const changedForm = z.object({ device: deviceForm, published: publishedForm })

const approval = z.enum(['automatic', 'hook', 'manual'])

export const newClaimForm = z
  .strictObject({
    device: deviceName.optional().openapi({ description: 'The one device that it is for.' }),
    quota: z.int().min(1).max(1_000_000).default(1),
    classes: classes.default([]),
    approval: approval.default('automatic'),
    forMs: z.int().positive().openapi({ description: 'How long it is good, in milliseconds.' }),
    certificate: base64
      .optional()
      .openapi({ description: 'A claim certificate that devices share, in the place of a token.' }),
  })
  .openapi('NewClaim')

export const claimForm = z
  .object({
    id: z.string(),
    device: z.string().optional(),
    quota: z.int(),
    notAfter: z.int(),
    classes: z.array(z.string()).readonly(),
    approval,
    madeAt: z.int(),
    madeBy: z.string(),
    used: z.int().optional(),
    revokedAt: z.int().optional(),
    refused: z.int().optional(),
  })
  .openapi('Claim')

const firstConnection = z.enum(['refuse', 'pending', 'active']).openapi({
  description: 'What becomes of a device that connects before anybody registered it.',
})

const firstConnectionsMax = z.int().min(0).max(100_000_000).openapi({
  description: 'How many devices it registers so at most; as many as come unless said.',
})

export const newAuthorityForm = z
  .strictObject({
    certificate: base64,
    verification: base64.openapi({
      description: 'A certificate directly below the CA whose common name is a nonce of ours.',
    }),
    approval: approval.default('automatic'),
    firstConnection: firstConnection.default('refuse'),
    firstConnectionsMax: firstConnectionsMax.optional(),
    classes: classes.default([]),
  })
  .openapi('NewAuthority')

export const authorityChangeForm = z
  .strictObject({
    status: z.enum(['enabled', 'disabled']).optional(),
    approval: approval.optional(),
    firstConnection: firstConnection.optional(),
    firstConnectionsMax: firstConnectionsMax.optional(),
    classes: classes.optional(),
  })
  .refine((change) => Object.keys(change).length > 0, 'expected something to change')
  .openapi('AuthorityChange')

export const authorityForm = z
  .object({
    keySha256: z.string(),
    name: z.string(),
    certificate: z.string(),
    status: z.enum(['enabled', 'disabled']),
    approval,
    firstConnection,
    firstConnectionsMax: z.int().optional(),
    firstConnections: z.int().optional(),
    classes: z.array(z.string()).readonly(),
    madeAt: z.int(),
    madeBy: z.string(),
  })
  .openapi('Authority')

export const firstConnectionForm = z
  .strictObject({
    device: deviceName,
    leaf: base64,
    cas: z.array(sha256).min(1).max(10).openapi({
      description: 'SHA-256 of the keys of the verified path’s CAs, the leaf’s issuer first.',
    }),
  })
  .openapi('FirstConnection')

/** Of anything that is listed at once. */
export const pageMax = 1000

export const page = {
  after: z.string().max(255).default(''),
  limit: z.coerce.number().int().min(1).max(pageMax).default(100),
}
