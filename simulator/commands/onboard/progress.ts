import { formatCount } from '#simulator/report/format.ts'

interface ProgressStream {
  readonly isTTY?: boolean | undefined
  write(text: string): unknown
}

export interface BatchProgress {
  /** Call it after each item: it says something where that is worth a line by now. */
  show(checked: number, failed: number): void
  /** Takes the line away. */
  clear(): void
}

/** On a terminal a line that is rewritten; elsewhere lines stay, so that there are few. */
const rewriteEveryMs = 250
const lineEveryMs = 10_000

/** Progress of a batch whose end nobody knows: how many, how fast. */
export function createBatchProgress(stream: ProgressStream, nowMs: () => number): BatchProgress {
  const isTerminal = stream.isTTY === true
  const everyMs = isTerminal ? rewriteEveryMs : lineEveryMs
  const startedMs = nowMs()
  let [saidMs, isShown] = [startedMs, false]
  return {
    show(checked, failed) {
      // Asking for the time costs as much as a check of a hundredth: every 64th item asks.
      if (checked % 64 !== 0) return
      const ms = nowMs()
      if (ms - saidMs < everyMs) return
      saidMs = ms
      isShown = true
      const rate = Math.round((checked * 1000) / (ms - startedMs))
      const line = `${formatCount(checked)} checked, ${formatCount(rate)}/s, ${formatCount(failed)} failed`
      stream.write(isTerminal ? `\r\u001B[K${line}` : `${line}\n`)
    },
    clear() {
      if (isShown && isTerminal) stream.write('\r\u001B[K')
    },
  }
}
