import { formatCount, formatDuration, formatInstant, formatMs } from '../format.ts'
import { phaseMatrix, type MatrixRow } from '../phase-matrix.ts'
import type { ExposureWindow, RunResult } from '../run-result.ts'
import { tellStory } from '../story.ts'
import { markup, type Markup } from './markup.ts'
import { scrollBox } from './scroll-box.ts'

/** Counts and latencies, measures down and phases across. */
export function phasesSection(result: RunResult): Markup {
  const { phases, rows } = phaseMatrix(result)
  const headings = phases.map(
    ({ name, mode }) =>
      markup`<th scope="col" class="number">${name}<span class="mode">${mode}</span></th>`,
  )
  return section('phases', 'Phases', {
    count: phases.length,
    none: 'No phase was begun.',
    content: markup`<table class="matrix">
<thead><tr><td></td>${headings}<th scope="col" class="number">all</th></tr></thead>
<tbody>${rows.map(matrixRow)}</tbody></table>`,
  })
}

function matrixRow(row: MatrixRow): Markup {
  const label = row.kind === 'code' ? markup`<code>${row.label}</code>` : markup`${row.label}`
  const cells = [...row.cells, row.total].map(
    (cell) => markup`<td class="number${cell === 0 ? ' zero' : ''}">${cellText(row, cell)}</td>`,
  )
  return markup`<tr class="${row.kind}"><th scope="row">${label}</th>${cells}</tr>`
}

function cellText({ kind }: MatrixRow, cell: number | undefined): string {
  if (cell === undefined) return '–'
  return kind === 'latency' ? formatMs(cell) : formatCount(cell)
}

/** Every revocation: how late it was published, and how long it was still let in after that. */
export function exposuresSection({ exposures, scenario }: RunResult): Markup {
  const longestMs = exposures.reduce((most, { exposureMs }) => Math.max(most, exposureMs), 0)
  const scale: ExposureScale = {
    boundMs: scenario.maxStalenessMs,
    // Room to the right of the bound, so that a bar that crosses it is seen to cross it.
    fullMs: Math.max(scenario.maxStalenessMs * 1.25, longestMs, 1),
  }
  const bound = formatDuration(scenario.maxStalenessMs)
  return section('exposures', 'Exposure after revocation', {
    count: exposures.length,
    none: 'No certificate was revoked.',
    note: `How long a revoked certificate was still let in, counted from the publication of the CRL that names it. The mark on each bar is the bound, ${bound}: so long a worker may go on with the trust store that it has.`,
    content: markup`<table>
<thead><tr><th scope="col">Device</th><th scope="col">Reason</th><th scope="col">Revoked, UTC</th>
<th scope="col" class="number">Published after</th><th scope="col" class="number">Tries since</th>
<th scope="col" class="number">Let in for</th><th scope="col">Against the bound</th></tr></thead>
<tbody>${exposures.map((exposure) => exposureRow(exposure, scale))}</tbody></table>`,
  })
}

interface ExposureScale {
  readonly boundMs: number
  readonly fullMs: number
}

function exposureRow(exposure: ExposureWindow, scale: ExposureScale): Markup {
  const { publishedAt, revokedAt, exposureMs } = exposure
  const isOver = exposureMs > scale.boundMs
  return markup`<tr${isOver ? markup` class="bad"` : undefined}>
<th scope="row"><span class="device">${exposure.device}</span></th><td>${exposure.reason}</td>
<td class="nowrap">${formatInstant(revokedAt)}</td>
<td class="number">${publishedAt === undefined ? 'never' : formatDuration(publishedAt - revokedAt)}</td>
<td class="number">${formatCount(exposure.attemptsAfterPublication)}</td>
<td class="number">${publishedAt === undefined ? '–' : formatDuration(exposureMs)}</td>
<td>${exposureBar(exposureMs, scale)}</td></tr>`
}

/** A bar as attributes of an SVG: a style attribute would need a hole in the page's policy. */
function exposureBar(exposureMs: number, { boundMs, fullMs }: ExposureScale): Markup {
  const width = (ms: number) => ((ms / fullMs) * 120).toFixed(1)
  return markup`<svg class="bar" viewBox="0 0 120 12" aria-hidden="true">
<rect class="bar-track" y="3" width="120" height="6" rx="3"/>
<rect class="bar-fill" y="3" width="${width(exposureMs)}" height="6" rx="3"/>
<path class="bar-bound" d="M${width(boundMs)} 0v12"/></svg>`
}

/** What the scenario plans, and how often it happened. */
export function eventsSection({ events }: RunResult): Markup {
  return section('events', 'Planned events', {
    count: events.length,
    none: 'The scenario plans none that had to happen.',
    note: 'A run in which something never happened proves nothing about it. Each of these had to happen at least once.',
    content: markup`<table class="narrow">
<thead><tr><th scope="col">Event</th><th scope="col" class="number">Times</th><th scope="col">Seen</th></tr></thead>
<tbody>${events.map(({ event, count, atLeast }) => {
      const isSeen = count >= atLeast
      return markup`<tr class="${isSeen ? '' : 'bad'}"><th scope="row">${event}</th>
<td class="number">${formatCount(count)}</td><td>${isSeen ? 'yes' : 'never'}</td></tr>`
    })}</tbody></table>`,
  })
}

/** Each wrong decision with its story. */
export function wrongSection(result: RunResult): Markup {
  const { wrong, wrongAccepts, unexplainedRefusals, broken } = result
  const all = wrongAccepts + unexplainedRefusals + broken
  const more = all - wrong.length
  return section('wrong', 'Wrong decisions', {
    count: wrong.length,
    none: `None among ${formatCount(result.decisions)}.`,
    ...(more > 0
      ? { note: `The first hundred of each kind; ${formatCount(more)} more were counted.` }
      : {}),
    content: markup`<ol class="stories">${wrong.map((judged) => {
      const { title, told } = tellStory(judged)
      return markup`<li><h3>${title}</h3><p>${told}</p></li>`
    })}</ol>`,
  })
}

interface SectionContent {
  readonly count: number
  /** Said instead of the content when there is nothing to show. */
  readonly none: string
  readonly note?: string
  readonly content: Markup
}

function section(
  id: string,
  title: string,
  { count, none, note, content }: SectionContent,
): Markup {
  const body =
    count === 0
      ? markup`<p class="nothing">${none}</p>`
      : markup`${note === undefined ? undefined : markup`<p class="note">${note}</p>`}${scrollBox(id, content)}`
  return markup`<section class="card" aria-labelledby="${id}"><h2 id="${id}">${title}</h2>${body}</section>`
}
