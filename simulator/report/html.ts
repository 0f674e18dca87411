import { createHash } from 'node:crypto'
import type { PageAssets } from './page/assets.ts'
import { plotsSection } from './page/figures.ts'
import { factsSection, headSection, tilesSection, verdictSection } from './page/head.ts'
import { jsonMarkup, markup, ownMarkup, type Markup } from './page/markup.ts'
import { plotsOf, type Plot } from './page/plots.ts'
import { eventsSection, exposuresSection, phasesSection, wrongSection } from './page/tables.ts'
import type { RunResult } from './run-result.ts'

/**
 * The report of a run as one page that needs nothing else: no network, and by its own content
 * security policy no script but the two that it carries, so that nothing a run says can be one.
 */
export function renderHtml(result: RunResult, assets: PageAssets): string {
  const plots = plotsOf(result)
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(assets)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${result.verdict === 'pass' ? 'Passed' : 'Failed'}: ${result.scenario.name} · Sallyport</title>
<link rel="icon" href="data:,">
<style>${ownMarkup(assets.css)}</style>
</head>
<body>
<a class="skip" href="#verdict">To the verdict</a>
${headSection(result)}
<main>
${verdictSection(result)}
${tilesSection(result)}
${result.wrong.length > 0 ? wrongSection(result) : undefined}
${plotsSection(plots)}
${phasesSection(result)}
${exposuresSection(result)}
${eventsSection(result)}
${result.wrong.length > 0 ? undefined : wrongSection(result)}
${factsSection(result)}
</main>
<footer>Each decision of the edge was compared with the ledger of the simulated world, which issued, renewed and revoked every certificate itself. Times are simulated and in UTC.</footer>
${plots.length > 0 ? plotScripts(result, plots, assets) : undefined}
</body>
</html>
`
  return page.markup
}

function plotScripts(result: RunResult, plots: readonly Plot[], assets: PageAssets): Markup {
  const phases = result.phases.map(({ name, startedAt, endedAt }) => ({ name, startedAt, endedAt }))
  const input = { plots, phases, endsAt: result.endedAt }
  return markup`<script type="application/json" id="plot-input">${jsonMarkup(input)}</script>
<script>${ownMarkup(assets.plotLibrary)}</script>
<script>${ownMarkup(assets.plotScript)}</script>`
}

/** Content Security Policy Level 3: nothing but the style sheet and scripts of these very bytes. */
function policy({ css, plotLibrary, plotScript }: PageAssets): string {
  return [
    "default-src 'none'",
    `style-src ${hashSource(css)}`,
    `script-src ${hashSource(plotLibrary)} ${hashSource(plotScript)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
}

function hashSource(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}
