import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** What the page carries inside itself, as text. */
export interface PageAssets {
  readonly css: string
  readonly plotLibrary: string
  readonly plotScript: string
}

/** Reads the page's style sheet and scripts, and the plot library's, from where they are installed. */
export async function loadPageAssets(): Promise<PageAssets> {
  const here = import.meta.dirname
  const library = dirname(createRequire(import.meta.url).resolve('uplot'))
  const [libraryCss, css, plotLibrary, plotScript] = await Promise.all(
    [
      join(library, 'uPlot.min.css'),
      join(here, 'report.css'),
      join(library, 'uPlot.iife.min.js'),
      join(here, 'draw-plots.js'),
    ].map((path) => readFile(path, 'utf8')),
  )
  if (!libraryCss || !css || !plotLibrary || !plotScript) {
    throw new Error(`a part of the report's page is empty: look into ${here} and ${library}`)
  }
  return { css: `${libraryCss}\n${css}`, plotLibrary, plotScript }
}
