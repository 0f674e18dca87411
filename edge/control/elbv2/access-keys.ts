import * as z from 'zod'
import { err, ok, type Result } from '#shared/result.ts'
import { readSecret } from '../read-secret.ts'
import { whoForm, type Scope } from '../tokens.ts'
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
    ...whoForm,
    accessKeyId: z.string().regex(/^\w{16,128}$/, 'expected 16 to 128 letters and digits'),
    secretAccessKey: z
      .string()
      .min(secretLengthMin, `expected at least ${secretLengthMin} characters`),
  }),
)

const expectedKeys = 'a list of {"name", "accessKeyId", "secretAccessKey", "scopes", "stores"?}'

/** Reads the secret `AWS_KEYS`; a sentence that names the place at fault, and repeats no value, otherwise. */
export function readAccessKeys(text: string): Result<readonly ScopedKey[], string> {
  const read = readSecret(text, keyForm, expectedKeys)
  if (!read.ok) return read
  const ids = new Set(read.value.map(({ accessKeyId }) => accessKeyId))
  return ids.size === read.value.length ? ok(read.value) : err('expected each accessKeyId once')
}
