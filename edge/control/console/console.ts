import type { Hono } from 'hono'
import { markup, script, style } from './page.generated.ts'

/**
 * Nothing but the page's own style sheet, script and API; nobody frames it. Trusted Types: text of a
 * store or of a certificate can never become markup, whatever the script does.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const headers = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // After a deployment the next load is of that deployment: page and API are one version.
  'cache-control': 'no-cache',
}

const parts = [
  ['/', 'text/html', markup],
  ['/console.css', 'text/css', style],
  ['/console.js', 'text/javascript', script],
] as const

/** The console: a page without any data of its own. Everything it shows it asks of the API, with the reader's token. */
export function addConsole(app: Hono): void {
  for (const [path, type, text] of parts) {
    app.get(path, (context) =>
      context.body(text, 200, { ...headers, 'content-type': `${type}; charset=utf-8` }),
    )
  }
}
