import type * as z from 'zod'
import { err, ok, type Result } from '#shared/result.ts'
import { parseJson } from '../json.ts'

/**
 * Reads a secret that is JSON; a sentence that names the place at fault, and repeats no value,
 * otherwise.
 *
 * @param expected what the whole of it is, for text that is no JSON
 */
export function readSecret<Form extends z.ZodType>(
  text: string,
  form: Form,
  expected: string,
): Result<z.output<Form>, string> {
  const json = parseJson(text)
  if (json === undefined) return err(`expected JSON: ${expected}`)
  const read = form.safeParse(json)
  if (read.success) return ok(read.data)
  const [issue] = read.error.issues
  return err(`at ${issue?.path.join('.') ?? '?'}: ${issue?.message ?? 'malformed'}`)
}
