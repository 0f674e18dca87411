import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { childrenOf } from '#simulator/gateways/program.ts'
import { runLocally, type Run } from '#simulator/engine/run.ts'
import { smallScenario } from '../run-small.ts'

function run(clientProcesses: number, onInstant: (nth: number) => void = () => {}): Promise<Run> {
  const scenario = smallScenario({ days: 1 })
  let instants = 0
  return runLocally({
    scenario,
    file: 'test/scenarios/small.yaml',
    replay: '',
    port: 0,
    signal: new AbortController().signal,
    onProgress: () => onInstant((instants += 1)),
    clientProcesses,
  })
}

test('the log of a run is the same whoever holds the connections', async () => {
  const [here, there] = [await run(0), await run(2)]
  expect(there.result).toMatchObject({ ended: 'complete', verdict: here.result.verdict })
  expect(there.log).toEqual(here.log)
}, 120_000)

/** Processes of this one that hold devices' connections (proc(5)). */
function runningProcesses(): readonly number[] {
  return childrenOf(process).filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('door-process'),
  )
}

test('a client process that is killed in the middle ends the run as failed, and leaves nothing', async () => {
  let killed: number | undefined
  const { result } = await run(2, (nth) => {
    if (nth !== 3) return
    ;[killed] = runningProcesses()
    if (killed !== undefined) process.kill(killed, 'SIGKILL')
  })
  expect(result.ended).toBe('failed')
  expect(result.failure).toContain(`client process ${killed} ended by SIGKILL`)
  expect(runningProcesses()).toEqual([])
}, 120_000)
