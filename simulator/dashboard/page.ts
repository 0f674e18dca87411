import { formatQuantity } from '../report/format.ts'
import { jsonMarkup, markup, type Markup } from '../report/page/markup.ts'
import { scrollBox } from '../report/page/scroll-box.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { deviceIdMax } from './device-story.ts'
import type { TileName } from './snapshot.ts'

const tiles: Readonly<Record<TileName, string>> = {
  wrong: 'Wrong decisions',
  exposure: 'Longest exposure',
  online: 'Online',
  accepted: 'Accepted',
  refused: 'Refused',
  latency: 'Latency',
}

const plots = [
  ['states', 'Devices by state'],
  ['online', 'Devices online'],
  ['accepted', 'Let in'],
  ['refused', 'Refused by reason'],
  ['latency', 'Latency of a decision, ms'],
] as const

/** The page without a number in it: its script asks the server for them and writes them in. */
export function dashboardPage({ name, seed, fleets }: Scenario): string {
  const who = fleets.map(({ kind, count }) => formatQuantity(count, kind)).join(', ')
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Running: ${name} · Sallyport</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/dashboard.css">
</head>
<body>
<a class="skip" href="#device-title">To one device’s story</a>
<header class="top">
<p class="brand">Sallyport</p>
<h1>${name}</h1>
<p class="lead">${who} · seed ${seed}</p>
</header>
<main>
${whereSection}
<section aria-labelledby="numbers"><h2 id="numbers" class="unseen">Numbers</h2>
<dl class="tiles">${Object.entries(tiles).map(([id, label]) => tile(id, label))}</dl></section>
<section aria-labelledby="plots"><h2 id="plots">Over simulated time</h2><p class="note" id="plots-note"></p>
<div class="plots">${plots.map(([id, title]) => figure(id, title))}</div></section>
${tableSection('reasons', 'Decisions by reason', ['reason', 'decisions', 'share'])}
${timelineSection}
${tableSection('exposures', 'Exposure', ['device', 'reason', 'list out, UTC', 'let in for'])}
${deviceSection(fleets)}
</main>
<footer>Each decision of the edge is compared with the ledger of the simulated world. Times are simulated and in UTC.</footer>
<script type="application/json" id="plot-input">${jsonMarkup({ plots: [], phases: [], endsAt: 0 })}</script>
<script src="/uplot.js"></script>
<script src="/draw-plots.js"></script>
<script src="/dashboard.js"></script>
</body>
</html>
`
  return page.markup
}

const whereSection = markup`<section class="card where" aria-labelledby="where">
<h2 id="where" class="unseen">Where the run stands</h2>
<p id="status" role="status">Connecting to the run…</p>
<progress id="ratio" max="1" value="0" aria-label="Simulated time that has passed"></progress>
<p class="line"><span id="now">–</span> <button type="button" id="pause" aria-pressed="false">Hold the page still</button></p>
<noscript>This page asks the run for its numbers, and needs JavaScript for it.</noscript>
</section>`

function tile(id: string, label: string): Markup {
  return markup`<div class="tile" id="tile-${id}"><dt>${label}</dt><dd><strong>–</strong><span></span></dd></div>`
}

function figure(id: string, title: string): Markup {
  return markup`<figure class="card" aria-labelledby="title-${id}">
<h3 id="title-${id}">${title}</h3>
<div class="plot" id="plot-${id}" role="img" aria-label="Nothing was counted yet."></div>
<figcaption id="caption-${id}">Nothing was counted yet.</figcaption>
</figure>`
}

function tableSection(id: string, title: string, columns: readonly string[]): Markup {
  return markup`<section class="card">
<h2 id="${id}-title">${title}</h2><p class="note" id="${id}-note"></p>
${scrollBox(
  `${id}-title`,
  markup`<table><thead><tr>${columns.map((column) => markup`<th scope="col">${column}</th>`)}</tr></thead>
<tbody id="${id}"></tbody></table>`,
)}
</section>`
}

const timelineSection = markup`<section class="card">
<h2 id="marks-title">What is done to the fleet</h2>
<div class="scroll" role="region" tabindex="0" aria-labelledby="marks-title"><ol id="marks" class="marks"></ol></div>
</section>`

const deviceSection = (fleets: Scenario['fleets']): Markup => markup`<section class="card">
<h2 id="device-title" tabindex="-1">One device’s story</h2>
<form id="device-form" class="line">
<label for="device">Device, like <code>${fleets[0]?.kind ?? 'car'}-0001</code></label>
<input id="device" required maxlength="${deviceIdMax}" autocomplete="off" spellcheck="false">
<button>Tell</button>
</form>
<p class="note" id="story-note" role="status"></p>
<div class="scroll" role="region" tabindex="0" aria-labelledby="device-title"><ol id="story" class="marks"></ol></div>
</section>`
