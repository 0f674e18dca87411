import { Command, Option } from 'commander'
import { isoFromInstant, shift, type Instant } from '#shared/time.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import type { Certificate } from '#shared/x509/certificate.ts'
import { createPaint, printable, wantsColour } from '#simulator/report/paint.ts'
import { formatCount } from '#simulator/report/format.ts'
import { tableLines } from '#simulator/report/text-table.ts'
import { messageOf, unusable } from '../options.ts'
import { instantOf } from './instant-of.ts'
import { longDurationExpected, parseLongDuration } from './duration-years.ts'
import { horizonOf, isAlarming, jsonRow, type HorizonRow } from './horizon.ts'
import { readItems } from './read-items.ts'

interface HorizonFlags {
  readonly serviceLife: string
  readonly now?: string
  readonly format: 'table' | 'json'
}

export function horizonCommand(): Command {
  return new Command('horizon')
    .description('what of a hierarchy ends when, against how long the devices are in use')
    .argument('<file...>', 'certificates and chains: PEM, DER, PKCS #7, directories, JSONL')
    .requiredOption('--service-life <duration>', 'how long a device that ships now is used: 15y')
    .option('--now <instant>', 'as of this instant (default: now)')
    .addOption(
      new Option('--format <name>', 'how it is written')
        .choices(['table', 'json'])
        .default('table'),
    )
    .addHelpText('after', more)
    .action(runHorizon)
}

const more = `
A leaf is renewed; an authority that devices carry in firmware is not. In March 2025 every Chromecast
of the second generation stopped working because an intermediate of ten years had ended.

Exit status: 0 every authority outlives the devices, 1 one does not, 2 the input cannot be used.`

async function runHorizon(files: readonly string[], flags: HorizonFlags): Promise<void> {
  const serviceLifeMs =
    parseLongDuration(flags.serviceLife) ??
    unusable(`--service-life ${flags.serviceLife}: expected ${longDurationExpected}`)
  const now = instantOf(flags.now)
  const certificates = await readCertificates(files).catch((error: unknown) =>
    unusable(messageOf(error)),
  )
  if (certificates.length === 0) unusable('horizon: there was no certificate')
  const rows = horizonOf(certificates, now, serviceLifeMs)
  const needed = shift(now, serviceLifeMs)
  process.stdout.write(
    flags.format === 'json'
      ? `${JSON.stringify({ now: isoFromInstant(now), neededUntil: isoFromInstant(needed), certificates: rows.map(jsonRow) }, undefined, 2)}\n`
      : tableOf(rows, needed),
  )
  process.exitCode = rows.some(isAlarming) ? 1 : 0
}

/** Each certificate once, however many chains it is in. */
async function readCertificates(files: readonly string[]): Promise<readonly Certificate[]> {
  const found = new Map<string, Certificate>()
  for (const file of files) {
    for await (const item of readItems(file, 'by-name')) {
      if ('error' in item) throw new Error(`${item.file}:${item.line}: ${item.error}`)
      if (item.kind === 'request') continue
      for (const der of item.ders) {
        const parsed = parseCertificate(der)
        if (!parsed.ok) {
          const { offset, expected } = parsed.error
          throw new Error(`${item.id}: byte ${offset}: expected ${expected}`)
        }
        found.set(Buffer.from(der).toString('base64'), parsed.value)
      }
    }
  }
  return [...found.values()]
}

const columns = [
  { heading: 'ends', align: 'left' },
  { heading: 'days left', align: 'right' },
  { heading: 'what', align: 'left' },
  { heading: 'leaves below', align: 'right' },
  { heading: 'subject', align: 'left' },
  { heading: '', align: 'left' },
] as const

const verdicts = {
  outlives: 'outlives the devices',
  ends_before_service_life: 'ENDS BEFORE THE DEVICES',
  expired: 'EXPIRED',
} as const

function tableOf(rows: readonly HorizonRow[], needed: Instant): string {
  const paint = createPaint(wantsColour(process.stdout, process.env))
  const cells = rows.map((row) => [
    isoFromInstant(row.notAfter).slice(0, 10),
    formatCount(row.daysLeft),
    row.role,
    row.role === 'leaf' ? '' : formatCount(row.leaves),
    printable(row.subject),
    row.role === 'leaf' && row.verdict !== 'expired'
      ? 'first leaf to renew'
      : verdicts[row.verdict],
  ])
  const lines = tableLines(columns, cells, (padded, at) => {
    const row = rows[at]
    return row !== undefined && isAlarming(row) ? paint.bad(padded) : padded
  })
  return `${lines.join('\n')}\n\nDevices that ship now are used until ${isoFromInstant(needed).slice(0, 10)}.\n`
}
