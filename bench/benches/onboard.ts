import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { text } from 'node:stream/consumers'
import { toBase64 } from '#shared/bytes.ts'
import { request } from '#simulator/commands/onboard/corpus/maker.ts'
import type { Bench } from '../bench.ts'
import { figureOf } from '../measure.ts'

/** `sallyport onboard check` of a factory's requests, P-256, each with a key of its own. */
export const onboardBench: Bench = {
  name: 'onboard',
  title: 'sallyport onboard check, P-256 requests as JSONL',
  runtimes: ['node'],
  async *run({ rounds }) {
    const lines = createLines()
    const rates: number[] = []
    const bare: number[] = []
    let [few, many] = [noCost, noCost]
    for (let round = 0; round < Math.min(rounds.count, roundsMax); round += 1) {
      few = await runProcess(lines.slice(0, fewRequests))
      many = await runProcess(lines)
      const marginalUs = (many.cpuUs - few.cpuUs) / (requests - fewRequests)
      rates.push(1_000_000 / marginalUs)
      bare.push(1_000_000 / many.bareUs)
    }
    yield {
      title: `the ${requests - fewRequests} requests behind the first ${fewRequests}`,
      unit: 'requests/s',
      figures: [figureOf('a core', rates), figureOf('bare verifications', bare)],
      goals: [{ of: 'a core', atLeast: 5000 }],
    }
    yield {
      title: 'most memory held',
      unit: 'MB',
      figures: [
        figureOf(`${fewRequests} requests`, [few.peakRssKb / 1024]),
        figureOf(`${requests} requests`, [many.peakRssKb / 1024]),
      ],
      // 154, 171, 209 and 222 MB were measured at 10, 20, 40 and 80 thousand: V8's heap grows to its
      // working size, and no further but for 50 octets a key.
      goals: [{ of: `${requests} requests`, to: `${fewRequests} requests`, atMost: 1.5 }],
    }
  },
}

const requests = 40_000
/** What start and compilation cost is paid with these. */
const fewRequests = 10_000
/** Seconds each: more of them tell nothing new. */
const roundsMax = 3

function createLines(): readonly string[] {
  return Array.from({ length: requests }, (_, number) => {
    const device = `device-${number}`
    return `${JSON.stringify({ id: device, csr: toBase64(request(device)) })}\n`
  })
}

interface Cost {
  /** Of one verification by node:crypto, in the same process right behind. */
  readonly bareUs: number
  readonly cpuUs: number
  readonly peakRssKb: number
}

const noCost: Cost = { bareUs: 0, cpuUs: 0, peakRssKb: 0 }

async function runProcess(lines: readonly string[]): Promise<Cost> {
  const script = join(import.meta.dirname, '..', 'onboard-process.ts')
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const [said] = await Promise.all([
    text(child.stdout),
    pipeline(Readable.from(lines), child.stdin),
  ])
  await ended
  const told = JSON.parse(said) as Cost & { readonly isClean: boolean }
  if (!told.isClean) throw new Error('good requests were objected to')
  return told
}
