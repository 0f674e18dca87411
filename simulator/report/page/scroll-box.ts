import { markup, type Markup } from './markup.ts'

/**
 * A box that scrolls by itself when its table is wider than the page. It takes the focus, so that
 * the arrow keys scroll it, and is named by the element with the id `labelledBy`.
 */
export function scrollBox(labelledBy: string, content: Markup): Markup {
  return markup`<div class="scroll" role="region" tabindex="0" aria-labelledby="${labelledBy}">
${content}
</div>`
}
