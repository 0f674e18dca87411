/** A column of a text table: numbers stand right, words left. */
export interface Column {
  readonly heading: string
  readonly align: 'left' | 'right'
}

/** Marks whole cells after they were padded, so that marks never count as width. */
export type MarkCell = (padded: string, row: number, column: number) => string

const GAP = '  '

/** The width of a table in columns of the terminal, without the marks. */
export function tableWidth(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): number {
  const widths = columnWidths(columns, rows)
  return widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1))
}

/** Lines of a table: headings, then rows. `mark` is called with row -1 for the headings. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  mark: MarkCell = (padded) => padded,
): readonly string[] {
  const widths = columnWidths(columns, rows)
  const line = (cells: readonly string[], row: number) =>
    columns
      .map(({ align }, column) => {
        const cell = cells[column] ?? ''
        const width = widths[column] ?? 0
        return mark(align === 'left' ? cell.padEnd(width) : cell.padStart(width), row, column)
      })
      .join(GAP)
      .trimEnd()
  const headings = columns.map(({ heading }) => heading)
  return [line(headings, -1), ...rows.map((cells, row) => line(cells, row))]
}

function columnWidths(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): readonly number[] {
  return columns.map(({ heading }, column) =>
    rows.reduce((width, cells) => Math.max(width, cells[column]?.length ?? 0), heading.length),
  )
}

/** Text cut to a width, with an ellipsis where something was left out. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`
}

/** Words wrapped to a width; a word that is longer stands alone on its line. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`
    } else lines.push(word)
  }
  return lines
}
