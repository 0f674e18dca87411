import { z } from 'zod'
import { fromBase64, type Bytes } from '#shared/bytes.ts'
import { instantFromIso, type Instant } from '#shared/time.ts'
import { parseJson } from './json-text.ts'

const base64 = z.string().transform((text, context): Bytes => {
  const bytes = fromBase64(text)
  if (bytes !== undefined) return bytes
  context.addIssue({ code: 'custom', message: 'expected base64' })
  return z.NEVER
})

const instant = z.string().transform((text, context): Instant => {
  try {
    return instantFromIso(text)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    context.addIssue({ code: 'custom', message: error.message })
    return z.NEVER
  }
})

/** `null` says as much as a field left out. */
function optional<Schema extends z.ZodType>(schema: Schema) {
  return schema.nullish().transform((value) => value ?? undefined)
}

const revocation = z.looseObject({
  mode: z.enum(['none', 'leaf', 'chain']),
  unknown: z.enum(['reject', 'accept']).default('reject'),
  useDeltas: optional(z.boolean()),
  indirect: optional(z.boolean()),
  maxAgeSeconds: optional(z.number().nonnegative()),
  enforceCrlExpiry: optional(z.boolean()),
})

const policy = z.looseObject({
  initialPolicySet: optional(z.array(z.string())),
  requireExplicit: optional(z.boolean()),
  inhibitMapping: optional(z.boolean()),
  inhibitAny: optional(z.boolean()),
})

const anchor = z.looseObject({
  enforceExpiry: optional(z.boolean()),
  enforceConstraints: optional(z.boolean()),
})

const algs = z.looseObject({
  minRsaBits: optional(z.number().int().positive()),
  allowSha1: optional(z.boolean()),
})

const verifyCase = z.object({
  id: z.string(),
  /** The leaf, then whatever else is at hand in any order. */
  chain: z.tuple([base64], base64),
  trust: z.array(base64),
  crls: optional(z.array(base64)),
  time: instant,
  purpose: optional(z.enum(['client', 'server', 'any'])),
  /** The largest number of intermediates, self-issued ones not counted. */
  maxDepth: optional(z.number().int().nonnegative()),
  revocation: optional(revocation),
  policy: optional(policy),
  anchor: optional(anchor),
  algs: optional(algs),
  /** How much of RFC 5280 section 4 is asked of each certificate; by default `rfc5280`. */
  profile: optional(z.enum(['tolerant', 'rfc5280', 'conforming'])),
})

/** One question to the core, with all it needs to be answered: a line of a batch. */
export type VerifyCase = z.infer<typeof verifyCase>

/**
 * Reads one case from its JSON text. Fields beside the question (notes, expectations) are passed
 * over; fields inside `revocation`, `policy`, `anchor` and `algs` are kept, known or not, so that the
 * answer can name those that were not honoured.
 *
 * @throws an Error that says what is wrong and where
 */
export function readCase(text: string): VerifyCase {
  const read = verifyCase.safeParse(parseJson(text))
  if (read.success) return read.data
  throw new Error(read.error.issues.map(describeIssue).join('; '))
}

function describeIssue({ path, message }: z.core.$ZodIssue): string {
  return `${path.length === 0 ? 'the line' : path.join('.')}: ${message}`
}
