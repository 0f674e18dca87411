import { open } from 'node:fs/promises'
import type { Bytes } from '#shared/bytes.ts'
import { ok, type Result } from '#shared/result.ts'
import type * as z from 'zod'
import { fileFault, unusable } from '../options.ts'
import { answerOf, type Client, type Failure } from './client.ts'
import { documentForm, fileForm, headForm, type StoreText } from './forms.ts'

/** A change as the JSON API takes it: its document at `/api/v1/openapi.json` says them all. */
export interface ChangeOrder {
  readonly kind: string
  readonly [key: string]: unknown
}

export type Head = z.infer<typeof headForm>

/** Asks for a change: the head then in force. */
export function change(
  client: Client,
  name: string,
  order: ChangeOrder,
): Promise<Result<Head, Failure>> {
  const path = `trust-stores/${encodeURIComponent(name)}/changes`
  return client.ask({ method: 'POST', path, body: order, answer: headForm })
}

/** What a store says, now or at an epoch. Ends the command where it cannot be had. */
export async function documentOf(client: Client, name: string, epoch?: number): Promise<StoreText> {
  const query = epoch === undefined ? '' : `?epoch=${epoch}`
  const path = `trust-stores/${encodeURIComponent(name)}/document${query}`
  return answerOf(await client.ask({ path, answer: documentForm }))
}

/** A file of this machine that was stored beside the trust stores. */
export interface StoredFile {
  readonly path: string
  /** Its name there: the SHA-256. */
  readonly file: string
  readonly octets: Bytes
}

/** Stores a file; a file alone changes nothing. Ends the command where that does not go. */
export async function storeFile(client: Client, path: string): Promise<StoredFile> {
  const octets = await readBounded(path)
  const question = { method: 'POST', path: 'files', body: octets, answer: fileForm } as const
  const { file } = answerOf(named(await client.ask(question), [{ path, file: '' }]))
  return { path, file, octets }
}

/** The refusal with this machine's names for files, in place of their digests. */
export function named<Value>(
  result: Result<Value, Failure>,
  files: readonly Pick<StoredFile, 'path' | 'file'>[],
): Result<Value, Failure> {
  if (result.ok) return ok(result.value)
  const { message } = result.error
  const known = files.filter(({ file }) => file !== '')
  const told = known.reduce((text, { path, file }) => text.replaceAll(file, path), message)
  const [only] = files
  const isNamed = told !== message || only === undefined || files.length > 1
  return {
    ok: false,
    error: { ...result.error, message: isNamed ? told : `${only.path}: ${told}` },
  }
}

/** A little more than the control plane takes: it is the one to say so. */
const fileOctetsMax = 80 * 1024 * 1024

/** A file of this machine. Ends the command where it cannot be read. */
export async function readBounded(path: string): Promise<Bytes> {
  const octets = await readAtMost(path, fileOctetsMax).catch((error: unknown) =>
    unusable(fileFault(path, error)),
  )
  return octets ?? unusable(`${path}: more than ${fileOctetsMax} octets`)
}

/** Undefined where it is longer. */
async function readAtMost(path: string, max: number): Promise<Bytes | undefined> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    return size > max ? undefined : new Uint8Array(await file.readFile())
  } finally {
    await file.close()
  }
}
