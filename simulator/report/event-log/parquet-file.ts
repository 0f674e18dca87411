import type { ColumnSource } from 'hyparquet-writer'
import { instantFromIso } from '#shared/time.ts'
import { eventColumns, moreColumn } from './columns.ts'
import type { LineFile } from './line-file.ts'

/**
 * Rows that are kept until they are written together. Of 300,000 attempts a process took 320 MB at most
 * with 20,000, 400 MB with 50,000 and 150 MB without a table; the file was as large, within a hundredth.
 */
const rowGroupRows = 20_000

/**
 * The event log as a table (Apache Parquet, Snappy, statistics for each row group). Memory holds one row
 * group and the index of those before, whatever the length of the log.
 *
 * @throws where the optional package `hyparquet-writer` is not installed
 */
export async function createParquetFile(path: string): Promise<LineFile> {
  const { ParquetWriter, fileWriter, schemaFromColumnData } = await import('hyparquet-writer')
  const schema = schemaFromColumnData({ columnData: emptyColumns() })
  const writer = new ParquetWriter({ writer: fileWriter(path), schema, createdBy: 'sallyport' })
  let columns = emptyColumns()
  let rows = 0
  const writeGroup = async (): Promise<void> => {
    if (rows === 0) return
    await writer.write({ columnData: columns, rowGroupSize: rows })
    columns = emptyColumns()
    rows = 0
  }
  return {
    async write(lines) {
      for (const line of lines) {
        addRow(columns, JSON.parse(line))
        rows += 1
        if (rows >= rowGroupRows) await writeGroup()
      }
    },
    async end() {
      await writeGroup()
      await writer.finish()
    },
  }
}

type Column = ColumnSource & { readonly data: unknown[] }

/** Those of `eventColumns`, and behind them the one for what has none. */
function emptyColumns(): Column[] {
  const columns = [...eventColumns, { name: moreColumn, type: 'JSON' }] as const
  return columns.map(({ name, type }) => ({ name, type, data: [] }))
}

function addRow(columns: readonly Column[], facts: Readonly<Record<string, unknown>>): void {
  let held = 0
  eventColumns.forEach(({ key, type }, index) => {
    const value = facts[key]
    if (isOf(type, value)) held += 1
    columns[index]?.data.push(cellOf(type, value))
  })
  columns.at(-1)?.data.push(Object.keys(facts).length > held ? restOf(facts) : undefined)
}

function cellOf(type: ColumnType, value: unknown): unknown {
  if (!isOf(type, value)) return undefined
  return type === 'TIMESTAMP' ? BigInt(instantFromIso(String(value))) : value
}

/** Whether a column can hold it. */
function isOf(type: ColumnType, value: unknown): boolean {
  return type === 'INT32' ? Number.isInteger(value) : typeof value === 'string'
}

type ColumnType = (typeof eventColumns)[number]['type']

/** What no column holds. */
function restOf(facts: Readonly<Record<string, unknown>>): object {
  const held = eventColumns.filter(({ key, type }) => isOf(type, facts[key]))
  const keys = new Set<string>(held.map(({ key }) => key))
  return Object.fromEntries(Object.entries(facts).filter(([key]) => !keys.has(key)))
}
