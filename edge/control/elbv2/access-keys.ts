import * as z from 'zod'
import { err, ok, type Result } from '#shared/result.ts'
import { scopes, type Scope } from '../tokens.ts'
import type { AccessKey } from './sigv4.ts'

/** Who may speak the ELBv2 API, as the secret `AWS_KEYS` says. */
export interface ScopedKey extends AccessKey {
  /** As audit logs tell it. */
  readonly name: string
  readonly scopes: readonly Scope[]
  /** Names of the stores it is for; everything unless given. */
  readonly stores?: readonly string[] | undefined
}

/** A signature is as strong as its secret: AWS's own have forty characters. */
const secretLengthMin = 32

const keyForm = z.array(
  z.strictObject({
    name: z.string().regex(/^[\w.@-]{1,64}$/, 'expected 1 to 64 letters, digits, and . _ @ -'),
    accessKeyId: z.string().regex(/^\w{16,128}$/, 'expected 16 to 128 letters and digits'),
    secretAccessKey: z
      .string()
      .min(secretLengthMin, `expected at least ${secretLengthMin} characters`),
    scopes: z.array(z.enum(scopes)).min(1),
    stores: z.array(z.string()).optional(),
  }),
)

/** Reads the secret `AWS_KEYS`; a sentence that names the place at fault, and repeats no value, otherwise. */
export function readAccessKeys(text: string): Result<readonly ScopedKey[], string> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return err(
      'expected JSON: a list of {"name", "accessKeyId", "secretAccessKey", "scopes", "stores"?}',
    )
  }
  const read = keyForm.safeParse(json)
  if (!read.success) {
    const [issue] = read.error.issues
    return err(`at ${issue?.path.join('.') ?? '?'}: ${issue?.message ?? 'malformed'}`)
  }
  const ids = new Set(read.data.map(({ accessKeyId }) => accessKeyId))
  return ids.size === read.data.length ? ok(read.data) : err('expected each accessKeyId once')
}
