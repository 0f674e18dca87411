import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPki } from '../../stage.ts'
import { bundleObserved, startLogFiles, type LogFilesRuntime } from './log-files-runtime.ts'

let folder = ''
let script = ''
let anchorsPem = ''
let runtime: LogFilesRuntime | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-logs-'))
  script = await bundleObserved()
  anchorsPem = (await createPki()).authority.anchorsPem
}, 30_000)

afterAll(async () => {
  await runtime?.close()
  await rm(folder, { recursive: true, force: true })
})

/** ALB's line of a device without a certificate; its trace id names the request. */
const idOf = (line: string): string => {
  const [, id] =
    /^\S+Z \S+ - - \S+ \S+ - - - - Failed:UnmappedConnectionError (\S+) - - -$/.exec(line) ?? []
  if (id === undefined) throw new Error(`no line of ALB's: ${line}`)
  return id
}

const acknowledged: string[] = []

async function started(): Promise<LogFilesRuntime> {
  runtime = await startLogFiles({
    script,
    folder,
    anchorsPem,
    acknowledged: (lines) => void acknowledged.push(...lines.map(idOf)),
  })
  return runtime
}

/** Eight clients at once, until nobody answers any more. */
async function load(asked: LogFilesRuntime, name: string): Promise<void> {
  const client = async (number: number): Promise<void> => {
    for (let request = 0; ; request += 1) await asked.ask(`${name}-${number}-${request}`)
  }
  await Promise.allSettled(Array.from({ length: 8 }, (_, number) => client(number)))
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((next) => setTimeout(next, 20))
}

const figureOf = (page: string, name: string): number =>
  Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(page)?.[1])

test('workerd is killed in the middle, again and again: every line that was acknowledged is in one file', async () => {
  for (const round of ['a', 'b', 'c']) {
    const running = await started()
    const before = acknowledged.length
    const loading = load(running, round)
    await until(() => acknowledged.length > before + 150)
    await running.kill()
    await loading
  }
  const last = await started()
  expect(await last.ask('last')).toBe(401)
  const nothingWaits = async (): Promise<boolean> => {
    const page = await last.page()
    return figureOf(page, 'sallyport_log_files_lines_waiting') === 0
  }
  await until(nothingWaits)
  expect(figureOf(await last.page(), 'sallyport_log_lines_handed_over_total')).toBe(1)
  const written = (await last.files()).flatMap(({ lines }) => lines.map(idOf))
  expect(new Set(written).size).toBe(written.length)
  expect(acknowledged.length).toBeGreaterThan(450)
  expect(acknowledged.filter((id) => !written.includes(id))).toEqual([])
}, 60_000)
