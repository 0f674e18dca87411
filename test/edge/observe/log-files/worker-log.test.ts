import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createPki } from '../../stage.ts'
import { bundleObserved, startLogFiles, type LogFilesRuntime } from './log-files-runtime.ts'

let folder = ''
let runtime: LogFilesRuntime | undefined
let printed: string[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-logs-'))
  printed = []
})

afterEach(async () => {
  await runtime?.close()
  await rm(folder, { recursive: true, force: true })
})

const print = (text: string): void => void printed.push(text)

async function started(store: 'takes' | 'away', isBound: boolean): Promise<LogFilesRuntime> {
  const { anchorsPem } = (await createPki()).authority
  const script = await bundleObserved(store)
  runtime = await startLogFiles({ script, folder, anchorsPem, isBound, printed: print })
  return runtime
}

test('a store that does not answer: devices are answered as ever, and lines wait', async () => {
  const worker = await started('away', true)
  for (const id of ['a', 'b', 'c']) expect(await worker.ask(id)).toBe(401)
  const lines = (await worker.page()).split('\n')
  expect(lines).toContain('sallyport_log_lines_handed_over_total 0')
  expect(lines).toContain('sallyport_log_lines_dropped_total{reason="no_room"} 0')
  expect(lines).toContain('sallyport_log_files_lines_waiting 0')
  expect(printed).toContainEqual(
    expect.stringMatching(
      /^the connection log waits, 1 lines at first: .* does not answer: Error: away/,
    ),
  )
}, 30_000)

test('without a bucket for the files the worker says what is missing', async () => {
  const worker = await started('takes', false)
  expect(await worker.ask('a')).toBe(500)
  expect(printed.join('\n')).toMatch(
    /the variable LOGS is wrong: expected a bucket, where CONNECTION_LOG_FILES is bound/,
  )
}, 30_000)
