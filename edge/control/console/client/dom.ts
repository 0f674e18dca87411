/** What may stand in an element: text is always text, never markup. */
export type Child = Node | string | undefined | readonly Child[]

type Tag = keyof HTMLElementTagNameMap

/** Attributes by their names; `undefined` and `false` set none. */
export type Attributes = Readonly<Record<string, string | boolean | undefined>>

/** Makes an element. */
export function h<Name extends Tag>(
  tag: Name,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue
    element.setAttribute(name, value === true ? '' : value)
  }
  element.append(...nodesOf(children))
  return element
}

/** Makes a button that does something. */
export function button(
  text: string,
  onClick: () => void,
  attributes: Attributes = {},
): HTMLElement {
  const made = h('button', { type: 'button', ...attributes }, text)
  made.addEventListener('click', onClick)
  return made
}

/** The element of an id that the page itself carries. */
export function part(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no ${id}`)
  return found
}

/**
 * Puts other content into an element. Who was at a control with an id in it stays there, so that a
 * page that keeps itself up to date takes nobody's place away.
 */
export function fill(element: HTMLElement, ...children: readonly Child[]): void {
  const { activeElement } = document
  const id = activeElement !== null && element.contains(activeElement) ? activeElement.id : ''
  element.replaceChildren(...nodesOf(children))
  if (id !== '') document.getElementById(id)?.focus({ preventScroll: true })
}

function nodesOf(children: readonly Child[]): (Node | string)[] {
  return children.flatMap((child) => {
    if (child === undefined) return []
    return typeof child === 'string' || child instanceof Node ? [child] : nodesOf(child)
  })
}
