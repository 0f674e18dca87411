import { isoFromInstant, instantFromMs } from '#shared/time.ts'
import { eventColumns, moreColumn } from './columns.ts'

/**
 * The lines of an event log that was written as Parquet, as the engine wrote them; a row group at a
 * time. Throws what the package `hyparquet` does where the file is no such table, or where the package
 * is not installed.
 */
export async function* parquetEvents(path: string): AsyncGenerator<object> {
  const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } =
    await import('hyparquet')
  const file = await asyncBufferFromFile(path)
  const metadata = await parquetMetadataAsync(file)
  let rowStart = 0
  for (const { num_rows: rows } of metadata.row_groups) {
    const rowEnd = rowStart + Number(rows)
    for (const row of await parquetReadObjects({ file, metadata, rowStart, rowEnd })) {
      yield eventOf(row)
    }
    rowStart = rowEnd
  }
}

function eventOf(row: Readonly<Record<string, unknown>>): object {
  const facts = eventColumns.flatMap(({ name, key }) => {
    const value = row[name]
    if (value === null || value === undefined) return []
    return [[key, value instanceof Date ? isoFromInstant(instantFromMs(value.getTime())) : value]]
  })
  const more = row[moreColumn]
  return { ...Object.fromEntries(facts), ...(typeof more === 'object' ? more : {}) }
}
