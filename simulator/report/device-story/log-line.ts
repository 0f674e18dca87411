import { z } from 'zod'
import { err, ok, type Result } from '#shared/result.ts'

const text = z.string().optional()

/** A line of the event log as far as stories are told of it; other facts are passed over. */
const schema = z.object({
  at: z.iso.datetime(),
  event: z.string(),
  device: text,
  name: text,
  serial: text,
  reason: text,
  since: z.iso.datetime().optional(),
  phase: text,
  mode: text,
  fault: text,
  stage: text,
  actor: text,
  intent: text,
  protocol: text,
  cookieSerial: text,
  connection: text,
  outcome: z.enum(['accepted', 'refused', 'broken']).optional(),
  code: text,
  session: text,
  verdict: z.enum(['right', 'either', 'wrong_accept', 'unexplained_refusal', 'broken']).optional(),
})

/** One line of `events.jsonl`. */
export type LogLine = z.infer<typeof schema>

/** Reads one line of an event log, or says what about it is not as a run writes it. */
export function readLogLine(line: string): Result<LogLine, string> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch (error) {
    return err(`not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  return checkLogLine(value)
}

/** The same of a line whose JSON was read, or that was never text. */
export function checkLogLine(value: unknown): Result<LogLine, string> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return ok(parsed.data)
  const [issue] = parsed.error.issues
  const field = issue?.path.map(String).join('.') ?? ''
  return err(`${field === '' ? 'the whole' : field}: ${issue?.message}`)
}
