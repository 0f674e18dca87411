/**
 * A text as JSON. Throws an Error that quotes nothing of it, as `JSON.parse` does: what was given in
 * the place of something else may be a private key.
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new Error(`this is not JSON: ${unquoted(error.message)}`, { cause: error })
  }
}

/** V8 quotes the text in messages of this form alone; the others have a position. */
function unquoted(message: string): string {
  if (!message.endsWith('is not valid JSON')) return message
  const [token = 'unexpected text'] = /^Unexpected token '.'/su.exec(message) ?? []
  return token
}
