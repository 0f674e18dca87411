import { createHash } from 'node:crypto'
import { isoFromInstant } from '#shared/time.ts'
import { formatCount, formatQuantity } from '#simulator/report/format.ts'
import { markup, ownMarkup, type Markup } from '#simulator/report/page/markup.ts'
import type { CheckedItem } from '../check-item.ts'
import { failedCount, type OnboardReport } from '../report.ts'

/** Items that a page shows: browsers bear more, readers do not; all are in the other formats. */
const shownMax = 1000

/** A report as one page that needs nothing else: no network, no script. */
export function renderHtml(report: OnboardReport): string {
  const failed = failedCount(report)
  const isGood = failed === 0 && report.unreadableCount === 0
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '${styleHash}'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${isGood ? 'Passed' : 'Failed'}: onboarding, profile ${report.profile} · Sallyport</title>
<link rel="icon" href="data:,">
<style>${ownMarkup(css)}</style>
</head>
<body>
<main>
<h1>Onboarding against profile ${report.profile}</h1>
<p class="${isGood ? 'good' : 'error'}"><strong>${isGood ? 'Passed' : 'Failed'}.</strong>
${formatQuantity(report.checked, 'item')} as of ${isoFromInstant(report.now)}:
${formatCount(report.items.error)} with errors, ${formatCount(report.items.warning)} with warnings alone,
${formatCount(report.items.info)} with notes alone, ${formatCount(report.items.clean)} clean.</p>
${unreadableSection(report)}
${codesSection(report)}
${itemsSection(report)}
</main>
</body>
</html>
`
  return page.markup
}

function unreadableSection({ unreadable }: OnboardReport): Markup | undefined {
  if (unreadable.length === 0) return undefined
  const rows = unreadable.map(
    ({ file, line, error }) => markup`<li><code>${file}:${line}</code> ${error}</li>`,
  )
  return markup`<section><h2>Not read</h2><ul>${rows}</ul></section>`
}

function codesSection({ codes }: OnboardReport): Markup | undefined {
  if (codes.length === 0) return undefined
  const rows = codes.map(
    ({ code, severity, count }) =>
      markup`<tr><th scope="row"><code>${code}</code></th><td class="${severity}">${severity}</td><td class="number">${formatCount(count)}</td></tr>`,
  )
  return markup`<section><h2>Findings by code</h2><table>
<thead><tr><th scope="col">Code</th><th scope="col">Severity</th><th scope="col" class="number">Findings</th></tr></thead>
<tbody>${rows}</tbody></table></section>`
}

function itemsSection({ objected, omitted }: OnboardReport): Markup | undefined {
  if (objected.length === 0) return undefined
  const more = objected.length + omitted - shownMax
  const note =
    more > 0 ? markup`<p>${formatQuantity(more, 'item')} more had findings.</p>` : undefined
  return markup`<section><h2>Items</h2>${objected.slice(0, shownMax).map(itemPart)}${note}</section>`
}

function itemPart({ item, device, findings }: CheckedItem): Markup {
  const rows = findings.map(
    ({ severity, code, path, found, wanted, source }) =>
      markup`<tr><td class="${severity}">${severity}</td><td><code>${code}</code></td><td><code>${path}</code></td><td>${found}</td><td>${wanted}</td><td>${source}</td></tr>`,
  )
  const title = device === undefined ? item.id : `${item.id} (${device})`
  return markup`<h3>${title}</h3><div class="scroll" tabindex="0" role="region" aria-label="${title}"><table>
<thead><tr><th scope="col">Severity</th><th scope="col">Code</th><th scope="col">Where</th><th scope="col">Found</th><th scope="col">Wanted</th><th scope="col">Source</th></tr></thead>
<tbody>${rows}</tbody></table></div>`
}

const css = `
:root { font: 15px/1.5 system-ui, sans-serif; }
body { margin: 0; }
main { max-width: 76rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; } h3 { font-size: 1rem; margin: 1.5rem 0 .4rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid light-dark(#ddd, #444); vertical-align: top; overflow-wrap: anywhere; }
.number { text-align: right; } .scroll { overflow-x: auto; } code { font-size: .92em; }
.error { color: light-dark(#a40e26, #ff8182); } .warning { color: light-dark(#7d4e00, #e3b341); } .info { color: light-dark(#57606a, #9ea7b3); } .good { color: light-dark(#116329, #56d364); }
`

/** Content Security Policy Level 3: nothing but the style sheet of these very bytes. */
const styleHash = `sha256-${createHash('sha256').update(css).digest('base64')}`
