import { Command } from 'commander'
import { answerOf, type Client } from './client.ts'
import { findingsForm, storesForm, type Finding } from './forms.ts'
import { plain, print, printJson, time } from './print.ts'
import { clientOf, withTarget, type TargetFlags } from './target.ts'

interface DoctorFlags extends TargetFlags {
  readonly json?: true
}

interface StoreFindings {
  readonly name: string
  readonly findings: readonly Finding[]
}

export function doctorCommand(): Command {
  return withTarget(new Command('doctor'))
    .description('find what will break in trust stores, and say what to do')
    .argument('[name...]', 'default: every store that the token is for')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExit status: 1 where something severe was found.')
    .action(doctor)
}

async function doctor(names: readonly string[], flags: DoctorFlags): Promise<void> {
  const client = await clientOf(flags)
  const stores: StoreFindings[] = []
  for (const name of names.length > 0 ? names : await allNames(client)) {
    stores.push({ name, findings: await findingsOf(client, name) })
  }
  if (flags.json === true) printJson(stores)
  else print(stores.map(storeText).join('\n') || 'there is no trust store\n')
  const isSevere = stores.some((each) =>
    each.findings.some(({ severity }) => severity === 'severe'),
  )
  process.exitCode = isSevere ? 1 : 0
}

async function allNames(client: Client): Promise<readonly string[]> {
  const { trustStores } = answerOf(await client.ask({ path: 'trust-stores', answer: storesForm }))
  return trustStores.map(({ name }) => name)
}

async function findingsOf(client: Client, name: string): Promise<readonly Finding[]> {
  const path = `trust-stores/${encodeURIComponent(name)}/findings`
  const { findings } = answerOf(await client.ask({ path, answer: findingsForm }))
  return findings.toSorted((a, b) => ranks[a.severity] - ranks[b.severity])
}

const ranks = { severe: 0, warning: 1, notice: 2 } as const

function storeText({ name, findings }: StoreFindings): string {
  if (findings.length === 0) return `${plain(name)}: nothing found\n`
  const texts = findings.map(
    ({ severity, code, at, because, advice }) =>
      `  ${severity}: ${plain(because)} (${plain(code)}, ${time(at)})\n    ${plain(advice)}\n`,
  )
  return `${plain(name)}:\n${texts.join('')}`
}
