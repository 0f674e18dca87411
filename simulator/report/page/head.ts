import { isMeasured } from '../is-measured.ts'
import {
  formatCount,
  formatDate,
  formatDuration,
  formatInstant,
  formatMemory,
  formatMs,
  formatQuantity,
  formatShare,
} from '../format.ts'
import { refusedTotal } from '../phase-matrix.ts'
import type { RunResult } from '../run-result.ts'
import { markup, type Markup } from './markup.ts'

/** A door in a wall: what a sallyport is. */
const mark = markup`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
<path class="mark-wall" d="M2 30V8h4V4h4v4h4V4h4v4h4V4h4v4h4v22z"/>
<path class="mark-door" d="M10 30V19a6 6 0 0 1 12 0v11z"/>
<path class="mark-bars" d="M13 30V15.500M16 30V14M19 30V15.500M10.500 19.500h11M10.500 24.500h11"/>
</svg>`

/** The top of the page: what ran, and for how long. */
export function headSection(result: RunResult): Markup {
  const { scenario } = result
  const fleets = scenario.fleets.map(({ kind, count }) => formatQuantity(count, kind))
  return markup`<header class="top">
<p class="brand">${mark}Sallyport</p>
<h1>${scenario.name}</h1>
<p class="lead">${fleets.length === 0 ? formatQuantity(result.devices, 'device') : fleets.join(', ')} ·
${formatDuration(result.endedAt - result.startedAt)} from ${formatDate(result.startedAt)} ·
${result.profile} front · seed ${scenario.seed}</p>
</header>`
}

const ends = {
  pass: { word: 'Passed', tone: 'good' },
  fail: { word: 'Failed', tone: 'bad' },
  interrupted: { word: 'Interrupted', tone: 'warn' },
} as const

/** The verdict, its grounds, and the command that runs the very same again. */
export function verdictSection(result: RunResult): Markup {
  const { word, tone } = ends[result.ended === 'interrupted' ? 'interrupted' : result.verdict]
  return markup`<section class="verdict ${tone}" aria-labelledby="verdict">
<h2 id="verdict"><span class="badge">${word}</span></h2>
<div class="grounds">
<p>${verdictSentence(result)}</p>
${failureList(result)}
<p class="replay"><span>The very same run again</span> <code tabindex="0">${result.replay}</code></p>
</div>
</section>`
}

function verdictSentence({ verdict, decisions }: RunResult): string {
  const decided = formatQuantity(decisions, 'decision')
  if (verdict === 'pass') {
    return `${decided}, each as the world's own ledger says: nobody was let in who had to stay out, and nobody was kept out without a cause.`
  }
  return `${decided} were compared with the world's own ledger.`
}

function failureList({ failures }: RunResult): Markup | undefined {
  if (failures.length === 0) return undefined
  return markup`<ul>${failures.map((failure) => markup`<li>${failure}</li>`)}</ul>`
}

interface Tile {
  readonly label: string
  readonly value: string
  readonly note: string
  /** Whether what it says had to be so, and is: undefined where nothing had to be. */
  readonly isGood?: boolean
}

/** The numbers that matter: first what proves the edge right, then how much there was of it. */
export function tilesSection(result: RunResult): Markup {
  return markup`<section aria-labelledby="numbers">
<h2 id="numbers" class="unseen">Numbers</h2>
<dl class="tiles proof">${proofTiles(result).map(tile)}</dl>
<dl class="tiles">${volumeTiles(result).map(tile)}</dl>
</section>`
}

function proofTiles(result: RunResult): readonly Tile[] {
  const { wrongAccepts, unexplainedRefusals, exposures, events, scenario } = result
  const longest = exposures.reduce((most, { exposureMs }) => Math.max(most, exposureMs), 0)
  const happened = events.filter(({ count, atLeast }) => count >= atLeast).length
  return [
    {
      label: 'Wrong accepts',
      value: formatCount(wrongAccepts),
      note: 'let in, but had to stay out',
      isGood: wrongAccepts === 0,
    },
    {
      label: 'Unexplained refusals',
      value: formatCount(unexplainedRefusals),
      note: 'kept out without a cause',
      isGood: unexplainedRefusals === 0,
    },
    {
      label: 'Longest exposure',
      value: exposures.length === 0 ? '–' : formatDuration(longest),
      note: `after a revocation; bound ${formatDuration(scenario.maxStalenessMs)}`,
      ...(exposures.length === 0 ? {} : { isGood: longest <= scenario.maxStalenessMs }),
    },
    {
      label: 'Planned events seen',
      value: `${formatCount(happened)} of ${formatCount(events.length)}`,
      note: 'what did not happen proves nothing',
      ...(events.length === 0 ? {} : { isGood: happened === events.length }),
    },
  ]
}

function volumeTiles(result: RunResult): readonly Tile[] {
  const refused = refusedTotal(result)
  const accepted = result.decisions - refused
  const { latency } = result
  return [
    {
      label: 'Decisions',
      value: formatCount(result.decisions),
      note: `${formatCount(result.either)} within a bound`,
    },
    {
      label: 'Accepted',
      value: formatCount(accepted),
      note: formatShare(accepted, result.decisions),
    },
    { label: 'Refused', value: formatCount(refused), note: formatShare(refused, result.decisions) },
    {
      label: 'TLS handshakes',
      value: formatCount(result.handshakes),
      note: 'full ones',
    },
    {
      label: 'Certificates',
      value: formatCount(result.certificatesIssued),
      note: `issued to ${formatQuantity(result.devices, 'device')}`,
    },
    {
      label: 'Latency, p50',
      value: isMeasured(latency) ? `${formatMs(latency.p50)} ms` : '–',
      note: isMeasured(latency) ? `p99 ${formatMs(latency.p99)} ms` : 'nothing was measured',
    },
  ]
}

function tile({ label, value, note, isGood }: Tile): Markup {
  const tone = isGood === undefined ? '' : isGood ? 'good' : 'bad'
  return markup`<div class="tile ${tone}"><dt>${label}</dt><dd><strong>${value}</strong><span>${note}</span></dd></div>`
}

/** Where the run came from and what it cost. */
export function factsSection(result: RunResult): Markup {
  const { scenario } = result
  const facts: readonly (readonly [string, string])[] = [
    ['Scenario', scenario.file],
    ['Seed', String(scenario.seed)],
    ['Simulated', `${formatInstant(result.startedAt)} to ${formatInstant(result.endedAt)} UTC`],
    ['Devices', formatCount(result.devices)],
    ['TLS terminator played', result.profile],
    ['Trust store may be stale for', formatDuration(scenario.maxStalenessMs)],
    ['Session cookies last', formatDuration(scenario.sessionTtlMs)],
    ['Revocation to CRL', formatDuration(scenario.publishDelayMs)],
    ['Real time', formatDuration(result.wallMs)],
    ['CPU time', formatDuration(result.cpuMs)],
    ['Peak memory', formatMemory(result.peakRssBytes)],
  ]
  return markup`<section class="card" aria-labelledby="facts">
<h2 id="facts">Scenario and run</h2>
<dl class="facts">${facts.map(([term, said]) => markup`<div><dt>${term}</dt><dd>${said}</dd></div>`)}</dl>
</section>`
}
