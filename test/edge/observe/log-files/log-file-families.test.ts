import { expect, test } from 'vitest'
import { logFileFamilies } from '#edge/observe/log-files/log-file-families.ts'
import type { LogFigures } from '#edge/observe/log-files/log-store.ts'

const figures: LogFigures = {
  linesWaiting: 1,
  octetsWaiting: 20,
  filesWritten: 300,
  linesWritten: 4000,
  writeFailures: 50_000,
  batchesTurnedAway: 600_000,
}

const node = { status: 'fulfilled', value: figures } as const
const silent = { status: 'rejected', reason: new Error('away') } as const

const valuesOf = (answers: Parameters<typeof logFileFamilies>[0]) =>
  Object.fromEntries(logFileFamilies(answers).map(({ name, samples }) => [name, samples[0]?.value]))

test('figures of nodes are added up', () => {
  expect(valuesOf([node, node])).toEqual({
    sallyport_log_files_nodes_silent: 0,
    sallyport_log_files_lines_waiting: 2,
    sallyport_log_files_waiting_bytes: 40,
    sallyport_log_files_written_total: 600,
    sallyport_log_files_lines_written_total: 8000,
    sallyport_log_files_write_failures_total: 100_000,
    sallyport_log_files_batches_turned_away_total: 1_200_000,
  })
})

test('a sum without one of them would be a false one', () => {
  expect(valuesOf([node, silent])).toEqual({ sallyport_log_files_nodes_silent: 1 })
})
