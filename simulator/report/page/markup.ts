/** HTML that was put together here. Only `markup` makes it, so text of the run is always escaped. */
export interface Markup {
  readonly markup: string
}

type Part = string | number | Markup | readonly Markup[] | undefined

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text made safe for element content and for quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character)
}

/** A template of HTML: every part is escaped, unless it is markup already. `undefined` is nothing. */
export function markup(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const text = strings.reduce((whole, piece, index) => whole + piece + partText(parts[index]), '')
  return { markup: text }
}

function partText(part: Part): string {
  if (part === undefined) return ''
  if (typeof part === 'string') return escapeHtml(part)
  if (typeof part === 'number') return String(part)
  return 'markup' in part ? part.markup : part.map((each) => each.markup).join('')
}

/** Text that is HTML already: only for our own style sheet and scripts, never for what a run says. */
export function ownMarkup(text: string): Markup {
  return { markup: text }
}

/**
 * A value as JSON that may stand in a script element. Of JSON's characters only `<` can end such
 * an element or open a comment in it (HTML 13.2.5.4), and inside a JSON string it may be escaped.
 */
export function jsonMarkup(value: unknown): Markup {
  return { markup: JSON.stringify(value).replaceAll('<', String.raw`\u003c`) }
}
