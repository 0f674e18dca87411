import type { Instant } from '#shared/time.ts'
import { formatInstant } from '../format.ts'
import { markup, type Markup } from './markup.ts'
import type { Plot, PlotSeries } from './plots.ts'
import { scrollBox } from './scroll-box.ts'

/** The plots, each with what it shows in words and its numbers as a table. */
export function plotsSection(plots: readonly Plot[]): Markup {
  if (plots.length === 0) {
    return markup`<section class="card" aria-labelledby="plots">
<h2 id="plots">Over time</h2><p class="nothing">Nothing was counted, so there is nothing to plot.</p>
</section>`
  }
  return markup`<section aria-labelledby="plots">
<h2 id="plots">Over simulated time</h2>
<div class="plots">${plots.map(figure)}</div>
</section>`
}

function figure(plot: Plot): Markup {
  const title = `title-${plot.id}`
  return markup`<figure class="card" aria-labelledby="${title}">
<h3 id="${title}">${plot.title}</h3>
<div class="plot" id="plot-${plot.id}" role="img" aria-label="${plot.summary}"></div>
<figcaption>${plot.summary}</figcaption>
${plot.series.length === 0 ? undefined : numbers(plot, title)}
</figure>`
}

function numbers({ series, times }: Plot, labelledBy: string): Markup {
  return markup`<details><summary>The numbers as a table</summary>
${scrollBox(
  labelledBy,
  markup`<table><thead><tr><th scope="col">from, UTC</th>${series.map(
    ({ label }) => markup`<th scope="col" class="number">${label}</th>`,
  )}</tr></thead>
<tbody>${times.map((at, index) => numbersRow(at, index, series))}</tbody></table>`,
)}
</details>`
}

function numbersRow(at: Instant, index: number, series: readonly PlotSeries[]): Markup {
  const cells = series.map(({ values }) => markup`<td class="number">${values[index] ?? '–'}</td>`)
  return markup`<tr><th scope="row">${formatInstant(at).slice(0, 16)}</th>${cells}</tr>`
}
