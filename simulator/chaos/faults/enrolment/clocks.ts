import { dayMs, hourMs } from '../../../onboarding/plan.ts'
import { shift } from '#shared/time.ts'
import { byProof } from './questions.ts'
import type { EnrolmentStage } from './stage.ts'
import { validityMs } from './times.ts'

const minuteMs = 60_000

/** How far the edge's clock is off, and what it then says of a certificate that was issued just now. */
const edges = [
  { name: 'ahead by 5 minutes', skewMs: 5 * minuteMs, wanted: '200' },
  // Certificates are dated back by a minute, for clocks such as this one.
  { name: 'behind by 30 seconds', skewMs: -30_000, wanted: '200' },
  { name: 'behind by 5 minutes', skewMs: -5 * minuteMs, wanted: 'not_yet_valid' },
  { name: 'ahead by a day', skewMs: dayMs, wanted: '200' },
  { name: 'behind by a day', skewMs: -dayMs, wanted: 'not_yet_valid' },
  { name: 'ahead by two days', skewMs: 2 * dayMs, wanted: 'expired' },
] as const

/**
 * How far a device's clock is off whose certificate has ended, when it dates its token; a real-time
 * clock without power says 1970 or 2000. The edge grants a minute.
 */
const devices = [
  { name: 'ahead by 50 seconds', skewMs: 50_000, wanted: '200' },
  { name: 'behind by 50 seconds', skewMs: -50_000, wanted: '200' },
  { name: 'ahead by 5 minutes', skewMs: 5 * minuteMs, wanted: '401 proof_refused' },
  { name: 'behind by a day', skewMs: -dayMs, wanted: '401 proof_refused' },
  { name: 'of 2000', skewMs: -26 * 365 * dayMs, wanted: '401 proof_refused' },
  { name: 'of 1970', skewMs: -56 * 365 * dayMs, wanted: '401 proof_refused' },
] as const

/** C23: clocks are wrong: a certificate of tomorrow is not yet valid, and never untrusted. */
export async function clocksWrong(stage: EnrolmentStage): Promise<void> {
  const device = await stage.enrol('device')
  for (const { name, skewMs, wanted } of edges) {
    stage.skewEdge(skewMs)
    await stage.connects(`a new certificate at an edge whose clock is ${name}`, device, wanted)
  }
  stage.skewEdge(0)
  await stage.connects('the same when the clock is right again', device, '200')
  const all = []
  for (const [nth, each] of devices.entries())
    all.push({ ...each, held: await stage.enrol(`rtc-${nth}`) })
  stage.pass(validityMs + hourMs)
  for (const { name, skewMs, wanted, held } of all) {
    const request = stage.requestOf(held.device, held.keys())
    const question = byProof(request, held, { now: shift(stage.now(), skewMs) })
    await stage.asks(`a device whose clock is ${name} renews by a token`, question, wanted)
  }
}
