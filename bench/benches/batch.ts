import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { text } from 'node:stream/consumers'
import { toBase64 } from '#shared/bytes.ts'
import { isoFromInstant } from '#shared/time.ts'
import type { Bench } from '../bench.ts'
import { figureOf } from '../measure.ts'
import { benchNow } from '../operations/operation.ts'
import { createPki } from '../pki.ts'

/** `sallyport verify --batch`: a factory's output, P-256, each case with its anchor and its lists. */
export const batchBench: Bench = {
  name: 'batch',
  title: 'sallyport verify --batch, P-256, CRL of 100 entries',
  runtimes: ['node'],
  async *run({ rounds }) {
    const lines = createLines()
    const rates: number[] = []
    const bare: number[] = []
    for (let round = 0; round < Math.min(rounds.count, roundsMax); round += 1) {
      const { cpuUs, bareUs } = await runProcess(lines, cases)
      rates.push((cases * 1_000_000) / cpuUs)
      bare.push(1_000_000 / bareUs)
    }
    yield {
      title: `${cases} cases, the process's start included`,
      unit: 'cases/s',
      figures: [figureOf('a core', rates), figureOf('bare verifications', bare)],
      goals: [{ of: 'a core', atLeast: 2000 }],
    }
    const few = await runProcess(lines, cases)
    const many = await runProcess(lines, 10 * cases)
    yield {
      title: 'most memory held',
      unit: 'MB',
      figures: [
        figureOf(`${cases} cases`, [few.peakRssKb / 1024]),
        figureOf(`${10 * cases} cases`, [many.peakRssKb / 1024]),
      ],
      // Constant: what V8 lets its young garbage grow to differs from run to run by this much.
      goals: [{ of: `${10 * cases} cases`, to: `${cases} cases`, atMost: 1.25 }],
    }
  },
}

const cases = 10_000
/** Seconds each: more of them tell nothing new. */
const roundsMax = 3

/** A line of each leaf, in two parts that a number goes between. */
function createLines(): readonly (readonly [string, string])[] {
  const pki = createPki('P-256', 500)
  const common = {
    trust: [toBase64(pki.root)],
    crls: [pki.rootCrl, pki.crl(100)].map(toBase64),
    time: isoFromInstant(benchNow),
    purpose: 'client',
    revocation: { mode: 'chain' },
  }
  return pki.leaves.map((leaf) => {
    const chain = [leaf, pki.intermediate].map(toBase64)
    return ['{"id":"case-', `",${JSON.stringify({ chain, ...common }).slice(1)}\n`]
  })
}

interface Cost {
  /** Of one verification by node:crypto, in the same process right behind. */
  readonly bareUs: number
  readonly cpuUs: number
  readonly peakRssKb: number
}

async function runProcess(lines: ReturnType<typeof createLines>, count: number): Promise<Cost> {
  const script = join(import.meta.dirname, '..', 'batch-process.ts')
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const [said] = await Promise.all([
    text(child.stdout),
    pipeline(Readable.from(casesOf(lines, count)), child.stdin),
  ])
  await ended
  const told = JSON.parse(said) as Cost & { readonly accepted: number }
  if (told.accepted !== count) throw new Error(`${told.accepted} of ${count} cases were accepted`)
  return told
}

function* casesOf(lines: ReturnType<typeof createLines>, count: number): Generator<string> {
  for (let number = 0; number < count; number += 1) {
    const [before, behind] = lines[number % lines.length] ?? ['', '']
    yield `${before}${number}${behind}`
  }
}
