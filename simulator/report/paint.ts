type Mark = (text: string) => string

/** Marks text for a terminal; plain where the output takes no colour. */
export interface Paint {
  readonly bold: Mark
  readonly dim: Mark
  readonly good: Mark
  readonly bad: Mark
}

const ESC = '\u001B['

/** Select Graphic Rendition (ECMA-48 8.3.117), each ended by a full reset. */
export function createPaint(isColoured: boolean): Paint {
  const paint = (code: number) => (text: string) =>
    isColoured && text !== '' ? `${ESC}${code}m${text}${ESC}0m` : text
  return { bold: paint(1), dim: paint(2), good: paint(32), bad: paint(31) }
}

/** Colours only on a terminal that has them, and not where the user asked for none (no-color.org). */
export function wantsColour(
  stream: { readonly isTTY?: boolean | undefined },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const { NO_COLOR: noColour, TERM: terminal } = env
  const isAsked = noColour === undefined || noColour === ''
  return stream.isTTY === true && isAsked && terminal !== 'dumb'
}

/**
 * Text of the outside world, made harmless for a terminal: control characters (an escape sequence
 * in a device name, say) are shown as `\u001b`, so that they cannot move the cursor.
 */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  return text.replaceAll(/[\u0000-\u001F\u007F-\u009F]/gu, (character) => {
    const digits = (character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')
    return `\\u${digits}`
  })
}
