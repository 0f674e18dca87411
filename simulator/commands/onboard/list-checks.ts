import { Command } from 'commander'
import { catalogue } from '#shared/enrollment/catalogue.ts'
import { tableLines } from '#simulator/report/text-table.ts'

export function listChecksCommand(): Command {
  return new Command('checks')
    .description(
      'list every check: its code, its severity, what it asks and which document asks it',
    )
    .option('--json', 'print JSON')
    .action(({ json }: { readonly json?: true }) => {
      process.stdout.write(json === true ? checksJson() : checksTable())
    })
}

function checksJson(): string {
  return `${JSON.stringify(catalogue, undefined, 2)}\n`
}

function checksTable(): string {
  const columns = ['code', 'severity', 'source', 'asks'].map((heading) => ({
    heading,
    align: 'left' as const,
  }))
  const rows = Object.entries(catalogue).map(([code, { severity, source, asks }]) => [
    code,
    severity,
    source,
    asks,
  ])
  return `${tableLines(columns, rows).join('\n')}\n`
}
