import { Command, Option } from 'commander'
import { wholeNumber } from '../options.ts'
import { answerOf } from '../trust-store/client.ts'
import { confirmed, yesFlag, type ConfirmFlags } from '../trust-store/confirm.ts'
import { issuerText, plain, print, printJson, table, time } from '../trust-store/print.ts'
import { collect } from '../trust-store/stores.ts'
import { clientOf, withTarget, type TargetFlags } from '../trust-store/target.ts'
import {
  changedForm,
  classesForm,
  countsForm,
  detailsForm,
  devicesForm,
  publishedForm,
  type Details,
  type Device,
} from './forms.ts'
import { printPublished } from './published.ts'

interface JsonFlags {
  readonly json?: true
}

const statuses = ['pending', 'active', 'suspended', 'revoked', 'retired']

export function deviceCommands(): readonly Command[] {
  return [
    listCommand(),
    showCommand(),
    statusCommand(
      'activate',
      'active',
      'take a device into use: approve it, or end its suspension',
    ),
    statusCommand('suspend', 'suspended', 'refuse a device until it is activated again'),
    statusCommand('revoke', 'revoked', 'refuse a device for good, and all of its certificates'),
    statusCommand('retire', 'retired', 'take a device out of use; its certificates end for good'),
    classifyCommand(),
    classCommand('suspend'),
    classCommand('resume'),
    classesCommand(),
  ]
}

interface ListFlags extends TargetFlags, JsonFlags {
  readonly status?: string
  readonly class?: string
  readonly after?: string
  readonly limit: number
}

function listCommand(): Command {
  return withTarget(new Command('list'))
    .description('devices by name, and how many there are')
    .addOption(new Option('--status <status>', 'of this status alone').choices(statuses))
    .option('--class <class>', 'of this class alone')
    .option('--after <name>', 'those behind this name')
    .option('--limit <count>', 'at most 1000', wholeNumber(1), 50)
    .option('--json', 'print JSON')
    .action(list)
}

async function list(flags: ListFlags): Promise<void> {
  const client = await clientOf(flags)
  const query = new URLSearchParams({ limit: String(flags.limit) })
  for (const name of ['status', 'class', 'after'] as const) {
    if (flags[name] !== undefined) query.set(name, flags[name])
  }
  const path = `registry/devices?${query.toString()}`
  const { devices } = answerOf(await client.ask({ path, answer: devicesForm }))
  if (flags.json === true) return printJson(devices)
  if (devices.length === 0) print('there is no such device\n')
  else print(table([['NAME', 'STATUS', 'SINCE', 'CLASSES'], ...devices.map(rowOf)]))
  const counts = answerOf(await client.ask({ path: 'registry/counts', answer: countsForm }))
  const all = Object.entries(counts).map(([status, count]) => `${count} ${status}`)
  return print(`in all: ${all.join(', ')}\n`)
}

const rowOf = (device: Device): readonly string[] => [
  device.name,
  statusText(device),
  time(device.since),
  device.classes.join(' ') || '-',
]

const statusText = ({ status, suspendedClass }: Device): string =>
  suspendedClass === undefined ? status : `${status}, suspended with ${suspendedClass}`

function showCommand(): Command {
  return withTarget(new Command('show'))
    .description('a device with its certificates, its enrolments and its history')
    .argument('<device>')
    .option('--json', 'print JSON')
    .action(async (device: string, flags: TargetFlags & JsonFlags) => {
      const client = await clientOf(flags)
      const path = `registry/devices/${encodeURIComponent(device)}`
      const details = answerOf(await client.ask({ path, answer: detailsForm }))
      return flags.json === true ? printJson(details) : print(textOf(details))
    })
}

function textOf(device: Details): string {
  const head = `${plain(device.name)}: ${statusText(device)} since ${time(device.since)}\n`
  const classes = `classes: ${plain(device.classes.join(' ') || 'none')}\n`
  const certificates = device.certificates.map((each) => [
    each.serial,
    time(each.notBefore),
    time(each.notAfter),
    each.revokedAt === undefined ? '-' : time(each.revokedAt),
    issuerText(each.issuer),
  ])
  const enrolments = device.enrolments.map((each) => [
    time(each.at),
    each.kind,
    each.state,
    each.because ?? '',
  ])
  const history = device.history.map((each) => [time(each.at), each.status, each.by, each.because])
  return [
    head + classes,
    table([['SERIAL', 'FROM', 'UNTIL', 'REVOKED', 'ISSUER'], ...certificates]),
    table([['ENROLMENT', 'KIND', 'STATE', 'BECAUSE'], ...enrolments]),
    table([['SINCE', 'STATUS', 'BY', 'BECAUSE'], ...history]),
  ].join('\n')
}

interface StatusFlags extends TargetFlags, JsonFlags, ConfirmFlags {
  readonly because: string
}

function statusCommand(name: string, status: string, description: string): Command {
  return withTarget(new Command(name))
    .description(`${description}; told in its history`)
    .argument('<device>')
    .requiredOption('--because <text>', 'why, in your own words')
    .option(...yesFlag)
    .option('--json', 'print JSON')
    .action(async (device: string, flags: StatusFlags) => {
      const client = await clientOf(flags)
      const isFinal = status === 'revoked' || status === 'retired'
      if (isFinal) await confirmed(`${device}: its certificates end for good.`, flags)
      const { because } = flags
      const path = `registry/devices/${encodeURIComponent(device)}/status`
      const question = { method: 'POST', path, body: { status, because } } as const
      const changed = answerOf(await client.ask({ ...question, answer: changedForm }))
      if (flags.json === true) return printJson(changed)
      print(`${plain(device)}: ${statusText(changed.device)}\n`)
      return printPublished(changed.published)
    })
}

function classifyCommand(): Command {
  return withTarget(new Command('classify'))
    .description('replace the classes of a device')
    .argument('<device>')
    .option('--class <class>', 'may be given more than once; without it none', collect, [])
    .option('--json', 'print JSON')
    .action(
      async (device: string, flags: TargetFlags & JsonFlags & { class: readonly string[] }) => {
        const client = await clientOf(flags)
        const path = `registry/devices/${encodeURIComponent(device)}/classes`
        const question = { method: 'PUT', path, body: { classes: flags.class } } as const
        const changed = answerOf(await client.ask({ ...question, answer: changedForm }))
        if (flags.json === true) return printJson(changed)
        print(`${plain(device)}: ${plain(changed.device.classes.join(' ') || 'no class')}\n`)
        return printPublished(changed.published)
      },
    )
}

function classCommand(word: 'suspend' | 'resume'): Command {
  const command = withTarget(new Command(`${word}-class`))
    .argument('<class>')
    .option('--json', 'print JSON')
  return (
    word === 'suspend'
      ? command
          .description('refuse every device of a class, those to come among them')
          .requiredOption('--because <text>', 'why, in your own words')
      : command.description('end that; devices that were suspended one by one stay so')
  ).action(async (name: string, flags: TargetFlags & JsonFlags & { because?: string }) => {
    const client = await clientOf(flags)
    const path = `registry/classes/${encodeURIComponent(name)}/${word}`
    const { because } = flags
    const question = {
      method: 'POST',
      path,
      ...(because !== undefined && { body: { because } }),
    } as const
    const { published } = answerOf(await client.ask({ ...question, answer: publishedForm }))
    if (flags.json === true) return printJson(published)
    print(`${plain(name)}: ${word === 'suspend' ? 'suspended' : 'resumed'}\n`)
    return printPublished(published)
  })
}

function classesCommand(): Command {
  return withTarget(new Command('classes'))
    .description('the classes that are suspended')
    .option('--json', 'print JSON')
    .action(async (flags: TargetFlags & JsonFlags) => {
      const client = await clientOf(flags)
      const path = 'registry/classes'
      const { suspended } = answerOf(await client.ask({ path, answer: classesForm }))
      if (flags.json === true) return printJson(suspended)
      if (suspended.length === 0) return print('no class is suspended\n')
      const rows = suspended.map((each) => [each.class, time(each.at), each.by, each.because])
      return print(table([['CLASS', 'SINCE', 'BY', 'BECAUSE'], ...rows]))
    })
}
