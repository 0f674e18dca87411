import type { MetricFamily } from '#shared/metrics-text.ts'
import type { LogFigures } from './log-store.ts'

/**
 * What the nodes of the connection log hold and wrote, over all of them together. They are the same
 * from whichever isolate they are asked, unlike its own counters.
 *
 * @param answers one a node; where one is missing there is no sum, for it would be a false one
 */
export function logFileFamilies(
  answers: readonly PromiseSettledResult<LogFigures>[],
): readonly MetricFamily[] {
  const told = answers.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
  const silent = answers.length - told.length
  const sums = silent === 0 ? rows : []
  return [
    family('nodes_silent', 'gauge', 'Nodes that do not answer.', silent),
    ...sums.map(({ name, type, help, figure }) =>
      family(name, type, help, sum(told.map((figures) => figures[figure]))),
    ),
  ]
}

const rows = [
  {
    name: 'lines_waiting',
    type: 'gauge',
    help: 'Lines that are stored and in no file yet.',
    figure: 'linesWaiting',
  },
  {
    name: 'waiting_bytes',
    type: 'gauge',
    help: 'Their text.',
    figure: 'octetsWaiting',
  },
  {
    name: 'written_total',
    type: 'counter',
    help: 'Files written.',
    figure: 'filesWritten',
  },
  {
    name: 'lines_written_total',
    type: 'counter',
    help: 'Lines in files that were written.',
    figure: 'linesWritten',
  },
  {
    name: 'write_failures_total',
    type: 'counter',
    help: 'Attempts to write a file that failed; each is made again.',
    figure: 'writeFailures',
  },
  {
    name: 'batches_turned_away_total',
    type: 'counter',
    help: 'Batches not taken because a node is full; each is offered again.',
    figure: 'batchesTurnedAway',
  },
] as const satisfies readonly {
  readonly name: string
  readonly type: MetricFamily['type']
  readonly help: string
  readonly figure: keyof LogFigures
}[]

const sum = (values: readonly number[]): number => values.reduce((total, each) => total + each, 0)

function family(
  name: string,
  type: MetricFamily['type'],
  help: string,
  value: number,
): MetricFamily {
  return { name: `sallyport_log_files_${name}`, help, type, samples: [{ labels: {}, value }] }
}
