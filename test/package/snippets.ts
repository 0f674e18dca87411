/** The fenced blocks of one language in a page of Markdown. */
export function snippetsIn(page: string, language: string): readonly string[] {
  return [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].flatMap(([, name, text = '']) =>
    name === language ? [text] : [],
  )
}

/** The commands of a block for the shell: continued lines are one, comments are none. */
export function commandsOf(text: string): readonly string[] {
  return text
    .replaceAll(/\\?\n(?=\s)/g, ' ')
    .split(/\n|&&/)
    .map((line) =>
      line
        .replace(/\s+#\s.*$/, '')
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
    .filter((line) => line !== '')
}
