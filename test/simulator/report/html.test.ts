import { createHash } from 'node:crypto'
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { renderHtml } from '#simulator/report/html.ts'
import { loadPageAssets } from '#simulator/report/page/assets.ts'
import { markup } from '#simulator/report/page/markup.ts'
import { plotsOf } from '#simulator/report/page/plots.ts'
import { phaseMatrix } from '#simulator/report/phase-matrix.ts'
import { writeReport } from '#simulator/report/write-report.ts'
import { fakeFailure, fakeRun, judgedAttempt } from './fake-run.ts'

const assets = await loadPageAssets()
const run = fakeRun()

test.each([
  { name: 'passed', result: run, badge: 'Passed', tone: 'verdict good' },
  { name: 'failed', result: fakeFailure(), badge: 'Failed', tone: 'verdict bad' },
  {
    name: 'interrupted',
    result: fakeRun({ ended: 'interrupted' }),
    badge: 'Interrupted',
    tone: 'verdict warn',
  },
])('the verdict: $name', ({ result, badge, tone }) => {
  const page = renderHtml(result, assets)
  expect(page).toContain(`<span class="badge">${badge}</span>`)
  expect(page).toContain(`class="${tone}"`)
  expect(page).toContain(result.replay)
})

describe('what a run says cannot become a part of the page', () => {
  const evil = `</script><script>alert(1)</script><!--"'><img src=x onerror=alert(2)>&amp;`
  const attempt = judgedAttempt({ actor: evil }, { outcome: 'refused', code: evil, latencyMs: 1 })
  const [exposure] = run.exposures
  const result = fakeRun({
    scenario: { ...run.scenario, name: evil, file: evil, fleets: [{ kind: evil, count: 2 }] },
    profile: evil,
    replay: evil,
    failures: [evil],
    phases: run.phases.map((phase) => ({ ...phase, name: evil, refused: { [evil]: 3 } })),
    timeline: run.timeline.map((point) => ({ ...point, refused: { [evil]: 1 } })),
    exposures: exposure === undefined ? [] : [{ ...exposure, device: evil, reason: evil }],
    events: [{ event: evil, count: 1, atLeast: 1 }],
    wrong: [{ ...attempt, verdict: { verdict: 'wrong_accept', because: evil } }],
  })
  const page = renderHtml(result, assets)

  test('no element was opened or closed by it', () => {
    expect(page.split(/<script[ >]/)).toHaveLength(4)
    expect(page.split('</script>')).toHaveLength(4)
    expect(page).not.toContain('<img')
    expect(page).not.toContain('<!--')
  })

  test('the plots read it back as it was', () => {
    const [, json = ''] = /id="plot-input">(.*?)<\/script>/s.exec(page) ?? []
    expect(JSON.parse(json)).toMatchObject({ phases: [{ name: evil }, {}, {}] })
  })
})

test('the policy names the very bytes of every script and style sheet, and nothing else', () => {
  const page = renderHtml(run, assets)
  const inline = [...page.matchAll(/<(script|style)>(.*?)<\/\1>/gs)].map(([, , text = '']) => text)
  const hashes = inline.map((text) => createHash('sha256').update(text).digest('base64'))
  const [, policy = ''] = /Content-Security-Policy" content="([^"]*)"/.exec(page) ?? []
  expect(inline).toHaveLength(3)
  for (const hash of hashes) expect(policy).toContain(`&#39;sha256-${hash}&#39;`)
  expect(policy).not.toContain('unsafe')
  expect(page.replaceAll(/<(script|style)>.*?<\/\1>/gs, '')).not.toMatch(/ style=| on\w+=|https?:/)
})

test('an empty timeline: no plots, no scripts, and the page says why', () => {
  const page = renderHtml(fakeRun({ timeline: [], phases: [], exposures: [], events: [] }), assets)
  expect(page).toContain('there is nothing to plot')
  expect(page).toContain('No phase was begun.')
  expect(page).toContain('No certificate was revoked.')
  expect(page).not.toContain('<script')
})

test('plots tell in words what they show', () => {
  const summaries = Object.fromEntries(plotsOf(run).map(({ id, summary }) => [id, summary]))
  expect(summaries['accepted']).toMatch(
    /^16,590 attempts were let in\. Between \d+ and \d+ per day/,
  )
  expect(summaries['refused']).toMatch(/^895 attempts were refused: revoked 236, .* on 2027-/)
  expect(summaries['latency']).toMatch(/^Half of all decisions came within/)
})

test('of lives in virtual time, one after another, nothing is told that nobody measured', () => {
  const timeline = run.timeline.map((point) => ({ ...point, online: 0 }))
  const latency = { ...run.latency, p50: 0, p90: 0, p99: 0, max: 0 }
  const virtual = fakeRun({ timeline, latency })
  expect(plotsOf(virtual).map(({ id }) => id)).toEqual(['accepted', 'refused'])
  expect(renderHtml(virtual, assets)).toContain('nothing was measured')
  expect(phaseMatrix(virtual).rows.map(({ kind }) => kind)).not.toContain('latency')
  expect(phaseMatrix(run).rows.map(({ kind }) => kind)).toContain('latency')
})

function total(values: readonly (number | null)[] = []): number {
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0)
}

test('bars are days, and lose nothing of the timeline', () => {
  const [acceptedPlot, refusedPlot] = plotsOf(run)
  expect(acceptedPlot?.times).toHaveLength(90)
  expect(total(acceptedPlot?.series[0]?.values)).toBe(16_590)
  expect(total(refusedPlot?.series.flatMap(({ values }) => values))).toBe(895)
})

test('rare reasons share one colour', () => {
  const refused = { a: 9, b: 8, c: 7, d: 6, e: 5, f: 4, g: 3, h: 2 }
  const many = fakeRun({
    timeline: run.timeline.slice(0, 1).map((point) => ({ ...point, refused })),
  })
  const labels = plotsOf(many)[1]?.series.map(({ label }) => label)
  expect(labels).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'other reasons'])
})

test('markup escapes every part but markup', () => {
  const inner = markup`<b>${'<&>"\''}</b>`
  expect(markup`<p title="${'"'}">${inner}${[inner]}${undefined}${3}</p>`.markup).toBe(
    '<p title="&quot;"><b>&lt;&amp;&gt;&quot;&#39;</b><b>&lt;&amp;&gt;&quot;&#39;</b>3</p>',
  )
})

describe('writing', () => {
  let dir = ''
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'sallyport-report-'))
  })
  afterEach(async () => {
    await chmod(dir, 0o755)
    await rm(dir, { recursive: true, force: true })
  })

  test('every file, into a directory that is made, over older ones, with nothing left over', async () => {
    const target = join(dir, 'a', 'b')
    await writeReport(target, fakeFailure())
    const paths = await writeReport(target, run)
    expect(await readdir(target)).toEqual([
      'junit.xml',
      'metrics.prom',
      'report.html',
      'report.json',
    ])
    expect(await readFile(paths.junit, 'utf8')).toContain('sallyport run quickstart')
    expect(await readFile(paths.metrics, 'utf8')).toContain('sallyport_run_passed')
    expect(await readFile(paths.html, 'utf8')).toContain('Passed')
    expect(JSON.parse(await readFile(paths.json, 'utf8'))).toMatchObject({ decisions: 17_485 })
  })

  test('a directory that cannot be one is named', async () => {
    const file = join(dir, 'file')
    await writeFile(file, '')
    await expect(writeReport(file, run)).rejects.toThrow(
      `cannot write the report into the directory ${file}: `,
    )
  })
})
