import { toHex } from '#shared/bytes.ts'
import type { RandomOctets } from '#shared/session/token.ts'
import { shift, type Clock, type Instant } from '#shared/time.ts'
import { batchOctetsMax, offeredForMs, type BatchAnswer, type LogBatch } from './log-batch.ts'

/** Why a line is in no file: there is no room for it here, it is too long, or nobody took it in time. */
export const logLosses = ['no_room', 'too_long', 'not_taken'] as const

export type LogLoss = (typeof logLosses)[number]

export interface HandOverPorts {
  readonly clock: Clock
  readonly random: RandomOctets
  /** Offers a batch to the store that writes the files. */
  readonly offer: (batch: LogBatch) => Promise<BatchAnswer>
  readonly wait: (ms: number) => Promise<void>
  /** How long lines are gathered for one batch, in milliseconds: so much a crash may cost. */
  readonly gatherMs: number
  readonly handedOver: (lines: number) => void
  /** Lines that will be in no file. */
  readonly lost: (lines: readonly string[], because: LogLoss) => void
  /** That lines wait, and why: once a turn, not at each failure. */
  readonly report: (problem: string) => void
}

/** Between the requests of one isolate and the store of log lines. */
export interface HandOver {
  /** Keeps one line until it is taken. Never fails and never waits. */
  add(line: string): void
  /**
   * Offers what is kept until nothing is left or its time is over, and never fails. Call it after
   * `add`, in something that outlives the answer to the device. While one request does so, others
   * return at once, and their lines go along: so batches grow as the load does.
   */
  send(): Promise<void>
}

/**
 * What may wait here while the store does not answer. An isolate has 128 MB for everything
 * (Workers' limits); characters of ASCII take an octet each.
 */
const keptOctetsMax = 8 * 1024 * 1024

/** Each line of either form is far shorter: their texts and lists are bounded. */
const lineOctetsMax = 128 * 1024

/** What outlives an answer is ended 30 seconds after it (Workers' `waitUntil`): some are left to end well. */
const turnMs = 25_000

/** Waits between offers, in milliseconds: they double up to a fifth of a turn. */
const firstWaitMs = 100
const lastWaitMs = 5_000

interface Offered extends LogBatch {
  readonly since: Instant
}

/** Keeps values alone between requests, and no promise: those belong to the request that made them. */
export function createHandOver(ports: HandOverPorts): HandOver {
  const { clock, lost } = ports
  const kept = createKept()
  // The batch that was offered and not yet taken: it outlives the request that offered it.
  let offered: Offered | undefined
  let turn = { until: clock.now() }

  const isDone = (): boolean => offered === undefined && kept.isEmpty()
  const next = (): Offered | undefined => {
    if (offered !== undefined && clock.now() - offered.since > offeredForMs) {
      lost(offered.lines, 'not_taken')
      offered = undefined
    }
    const lines = offered === undefined ? kept.take() : []
    if (lines.length > 0) offered = { id: toHex(ports.random(16)), lines, since: clock.now() }
    return offered
  }
  const taken = (batch: Offered): void => {
    // Two requests may have offered it, where the first one's turn was over.
    if (offered !== batch) return
    offered = undefined
    ports.handedOver(batch.lines.length)
  }
  return {
    add(line) {
      if (line.length > lineOctetsMax) lost([line], 'too_long')
      else if (!kept.add(line)) lost([line], 'no_room')
    },
    async send() {
      if (clock.now() < turn.until) return
      const mine = { until: shift(clock.now(), turnMs) }
      turn = mine
      const isOver = (): boolean => turn !== mine || clock.now() >= mine.until
      const end = (): void => void (mine.until = clock.now())
      await offerAll(ports, { isDone, next, taken, isOver, end })
    },
  }
}

interface Turn {
  /** Whether there is nothing to offer. */
  readonly isDone: () => boolean
  readonly next: () => Offered | undefined
  readonly taken: (batch: Offered) => void
  readonly isOver: () => boolean
  /** At once where nothing is left: a line that comes a moment later begins a turn of its own. */
  readonly end: () => void
}

async function offerAll(ports: HandOverPorts, turn: Turn): Promise<void> {
  const { isDone, next, taken, isOver, end } = turn
  let waitMs = firstWaitMs
  while (!isOver()) {
    if (isDone()) return end()
    if (ports.gatherMs > 0) await ports.wait(ports.gatherMs)
    const batch = next()
    if (batch === undefined) continue
    const problem = await offerOnce(ports, batch)
    if (problem === undefined) {
      taken(batch)
      waitMs = firstWaitMs
      continue
    }
    if (waitMs === firstWaitMs) {
      ports.report(`the connection log waits, ${batch.lines.length} lines at first: ${problem}`)
    }
    await ports.wait(waitMs)
    waitMs = Math.min(waitMs * 2, lastWaitMs)
  }
}

/** Why the batch was not taken; undefined where it was. */
async function offerOnce({ offer }: HandOverPorts, batch: Offered): Promise<string | undefined> {
  const { id, lines } = batch
  try {
    return (await offer({ id, lines })) === 'taken' ? undefined : 'the store of log lines is full'
  } catch (error) {
    return `the store of log lines does not answer: ${String(error)}`
  }
}

interface Kept {
  isEmpty(): boolean
  /** Whether there was room. */
  add(line: string): boolean
  /** The oldest lines, as many as make a batch. */
  take(): readonly string[]
}

function createKept(): Kept {
  let lines: string[] = []
  let octets = 0
  return {
    isEmpty: () => lines.length === 0,
    add(line) {
      if (octets + line.length > keptOctetsMax) return false
      lines.push(line)
      octets += line.length
      return true
    },
    take() {
      const count = batchLength(lines)
      const batch = lines.slice(0, count)
      lines = lines.slice(count)
      for (const line of batch) octets -= line.length
      return batch
    },
  }
}

function batchLength(lines: readonly string[]): number {
  let octets = 0
  const end = lines.findIndex((line) => {
    octets += line.length
    return octets > batchOctetsMax
  })
  return end === -1 ? lines.length : end
}
