import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadPageAssets } from '../report/page/assets.ts'

/** A file of the page, as it is served. */
export interface Asset {
  readonly type: string
  readonly text: string
}

/** The page's style sheet and scripts by their paths: the report's own, and what is the dashboard's alone. */
export async function loadDashboardAssets(): Promise<ReadonlyMap<string, Asset>> {
  const here = join(import.meta.dirname, 'page')
  const report = await loadPageAssets()
  const [css, script] = await Promise.all(
    ['dashboard.css', 'dashboard.js'].map((name) => readFile(join(here, name), 'utf8')),
  )
  if (!css || !script) throw new Error(`a part of the dashboard's page is empty: look into ${here}`)
  const javascript = 'text/javascript; charset=utf-8'
  return new Map([
    ['/dashboard.css', { type: 'text/css; charset=utf-8', text: `${report.css}\n${css}` }],
    ['/uplot.js', { type: javascript, text: report.plotLibrary }],
    ['/draw-plots.js', { type: javascript, text: report.plotScript }],
    ['/dashboard.js', { type: javascript, text: script }],
  ])
}
