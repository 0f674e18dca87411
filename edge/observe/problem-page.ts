import { problemAnswer, type Problem, type ProblemCode } from './problem.ts'

/**
 * A problem as a page for people in a browser: its sentence, what to do, and the same code and id as
 * the document has. Nothing in it comes from the request; it loads nothing and runs nothing.
 */
export function problemPage({ code, id }: Problem): Response {
  const { status, title, headers } = problemAnswer(code)
  headers.set('content-type', 'text/html; charset=utf-8')
  headers.set('content-security-policy', contentSecurityPolicy(id))
  headers.set('referrer-policy', 'no-referrer')
  headers.set('x-content-type-options', 'nosniff')
  return new Response(html({ code, id }, status, title), { status, headers })
}

/** CSP level 3. The id is 128 bits of chance for each answer, and so it serves as the nonce as well. */
const contentSecurityPolicy = (nonce: string): string =>
  `default-src 'none'; style-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

function html({ code, id }: Problem, status: number, title: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style nonce="${id}">${style}</style>
</head>
<body>
<main>
<p class="status">${status}</p>
<h1>${title}</h1>
<p>${adviceOf(code, status)}</p>
<dl>
<dt>Code</dt><dd>${code}</dd>
<dt>Reference</dt><dd>${id}</dd>
</dl>
</main>
</body>
</html>
`
}

/** What somebody in front of a browser can do. */
function adviceOf(code: ProblemCode, status: number): string {
  if (code === 'session_of_other_certificate')
    return 'The session has been ended. Open the page again.'
  if (status === 401) {
    return 'Choose a certificate of yours for this site. Browsers ask once: close all of their windows, open the page again, and pick one. If you have none, ask whoever runs this service.'
  }
  if (status === 502 || status === 503 || status === 504) {
    return 'This is likely to pass. Try again in a few seconds.'
  }
  return 'If this should work, ask whoever runs this service, and give them the reference below.'
}

const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --quiet: #57606a; --line: #d0d7de; --ground: #fff }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --quiet: #9aa4ae; --line: #30363d; --ground: #0d1117 }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
main { max-width: 40rem; margin: 0 auto; padding: 15vh 1.5rem 3rem }
h1 { margin: 0 0 1rem; font-size: 1.75rem; line-height: 1.25; text-wrap: balance }
p { margin: 0 0 1.5rem }
.status { margin: 0 0 .5rem; color: var(--quiet); font-variant-numeric: tabular-nums }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .5rem 1.5rem; margin: 0; padding-top: 1.5rem; border-top: 1px solid var(--line) }
dt { color: var(--quiet) }
dd { margin: 0; font: .9375rem/1.6 ui-monospace, monospace; overflow-wrap: anywhere }
`
