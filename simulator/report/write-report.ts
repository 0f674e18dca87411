import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { renderHtml } from './html.ts'
import { renderJson } from './json.ts'
import { renderRunJunit } from './junit.ts'
import { renderMetrics } from './metrics.ts'
import { loadPageAssets } from './page/assets.ts'
import type { RunResult } from './run-result.ts'

/** Where a report lies. */
export interface ReportPaths {
  readonly html: string
  readonly json: string
  readonly junit: string
  readonly metrics: string
}

/**
 * Writes `report.html`, `report.json`, `junit.xml` and `metrics.prom` into a directory, which is made
 * if it is missing. Each file is there whole or not at all, whenever the process is ended. Throws an Error that names the
 * directory, with the cause, when it cannot be written to.
 */
export async function writeReport(dir: string, result: RunResult): Promise<ReportPaths> {
  const paths = {
    html: join(dir, 'report.html'),
    json: join(dir, 'report.json'),
    junit: join(dir, 'junit.xml'),
    metrics: join(dir, 'metrics.prom'),
  }
  const html = renderHtml(result, await loadPageAssets())
  try {
    await mkdir(dir, { recursive: true })
    await replaceFile(paths.json, renderJson(result))
    await replaceFile(paths.junit, renderRunJunit(result))
    await replaceFile(paths.metrics, renderMetrics(result))
    await replaceFile(paths.html, html)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`cannot write the report into the directory ${dir}: ${why}`, { cause })
  }
  return paths
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.part`
  try {
    await writeFile(temporary, text)
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw cause
  }
}
