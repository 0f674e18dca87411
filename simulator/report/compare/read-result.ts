import { z } from 'zod'
import { err, ok, type Result } from '#shared/result.ts'
import { exposureMeans } from '#simulator/scenario/scenario.ts'

const count = z.number().int().min(0)
const counts = z.record(z.string(), count)
const ms = z.number().min(0)
const latency = z.object({ count, p50: ms, p90: ms, p99: ms, max: ms })

const phase = z.object({
  name: z.string(),
  mode: z.enum(['verify', 'passthrough']),
  handshakes: count,
  decisions: count,
  accepted: count,
  refused: counts,
  cookiesIssued: count,
  cookieHits: count,
  either: count,
  latency,
})

/** What a comparison reads of a `report.json`; what else is in it may change from version to version. */
const schema = z.object({
  scenario: z.object({ name: z.string(), file: z.string(), seed: count, maxStalenessMs: ms }),
  devices: count,
  profile: z.string(),
  ended: z.enum(['complete', 'interrupted', 'failed']),
  wallMs: ms,
  cpuMs: ms,
  peakRssBytes: ms,
  decisions: count,
  certificatesIssued: count,
  phases: z.array(phase),
  latency,
  exposures: z.array(z.object({ device: z.string(), serial: z.string(), exposureMs: ms })),
  exposureByMeans: z.partialRecord(
    z.enum(exposureMeans),
    z.object({ tries: count, exposureMs: ms }),
  ),
  events: z.array(z.object({ event: z.string(), count, atLeast: count })),
  availability: z.record(z.string(), z.object({ attempts: count, accepted: count })),
  recoveries: z.array(z.object({ failed: count, waiting: count, recoveredMs: ms })),
  assertions: z.array(z.object({ assertion: z.string(), found: z.string(), holds: z.boolean() })),
  wrongAccepts: count,
  unexplainedRefusals: count,
  broken: count,
  either: count,
  verdict: z.enum(['pass', 'fail']),
})

/** A run's result as far as it is compared. */
export type ComparedResult = z.infer<typeof schema>

/** The result in the text of a `report.json`, or which field of it is not as a run writes it. */
export function readResult(text: string): Result<ComparedResult, string> {
  const value = readJson(text)
  if (!value.ok) return value
  const parsed = schema.safeParse(value.value)
  if (parsed.success) return ok(parsed.data)
  const [issue] = parsed.error.issues
  const field = issue?.path.map(String).join('.') ?? ''
  return err(`not the result of a run: ${field === '' ? 'the whole' : field}: ${issue?.message}`)
}

function readJson(text: string): Result<unknown, string> {
  try {
    const value: unknown = JSON.parse(text)
    return ok(value)
  } catch (error) {
    return err(`not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}
