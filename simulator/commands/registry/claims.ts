import { Command, Option } from 'commander'
import { toBase64 } from '#shared/bytes.ts'
import * as z from 'zod'
import { wholeNumber } from '../options.ts'
import { answerOf } from '../trust-store/client.ts'
import { counted, plain, print, printJson, table, time } from '../trust-store/print.ts'
import { readCertificate } from '../trust-store/serials.ts'
import { collect } from '../trust-store/stores.ts'
import { clientOf, withTarget, type TargetFlags } from '../trust-store/target.ts'
import { duration } from './durations.ts'
import { claimsForm, madeClaimForm } from './forms.ts'

export function claimCommands(): readonly Command[] {
  return [claimCommand(), claimsCommand(), revokeClaimCommand()]
}

interface ClaimFlags extends TargetFlags {
  readonly device?: string
  readonly quota: number
  readonly for: number
  readonly class: readonly string[]
  readonly approval: string
  readonly certificate?: string
  readonly json?: true
}

/** Who approves the first certificate of a device. */
export const approvals = ['automatic', 'hook', 'manual'] as const

function claimCommand(): Command {
  return withTarget(new Command('claim'))
    .description('make a claim by which devices enrol: a token, printed once')
    .option('--device <name>', 'for this one device: it may have been enrolled before')
    .option('--quota <count>', 'for so many keys', wholeNumber(1), 1)
    .addOption(
      new Option('--for <duration>', 'how long it is good, like 30d')
        .argParser(duration)
        .default(86_400_000, '1d'),
    )
    .option('--class <class>', 'of devices that it makes; more than once', collect, [])
    .addOption(
      new Option('--approval <word>', 'who approves new devices')
        .choices(approvals)
        .default('automatic'),
    )
    .option('--certificate <file>', 'a claim certificate that devices share, and no token')
    .option('--json', 'print JSON')
    .action(claim)
}

async function claim(flags: ClaimFlags): Promise<void> {
  const client = await clientOf(flags)
  const { device, quota, approval } = flags
  const shared =
    flags.certificate === undefined ? undefined : await readCertificate(flags.certificate)
  const body = {
    quota,
    approval,
    classes: flags.class,
    forMs: flags.for,
    ...(device !== undefined && { device }),
    ...(shared !== undefined && { certificate: toBase64(shared.der) }),
  }
  const question = { method: 'POST', path: 'registry/claims', body } as const
  const made = answerOf(await client.ask({ ...question, answer: madeClaimForm }))
  if (flags.json === true) return printJson(made)
  const { id, notAfter } = made.claim
  const whose = device === undefined ? counted(quota, 'key') : plain(device)
  process.stderr.write(`claim ${id} for ${whose}, until ${time(notAfter)}\n`)
  return made.token === undefined ? undefined : print(`${made.token}\n`)
}

function claimsCommand(): Command {
  return withTarget(new Command('claims'))
    .description('claims, and how often each was used, and shown when it was used up')
    .option('--after <id>', 'those behind this one', '')
    .option('--limit <count>', 'at most 1000', wholeNumber(1), 100)
    .option('--json', 'print JSON')
    .action(async (flags: TargetFlags & { after: string; limit: number; readonly json?: true }) => {
      const client = await clientOf(flags)
      const query = new URLSearchParams({ after: flags.after, limit: String(flags.limit) })
      const path = `registry/claims?${query.toString()}`
      const { claims } = answerOf(await client.ask({ path, answer: claimsForm }))
      if (flags.json === true) return printJson(claims)
      if (claims.length === 0) return print('there is no claim\n')
      const rows = claims.map((each) => [
        each.id,
        each.device ?? 'any',
        `${each.used} of ${each.quota}`,
        String(each.refused),
        each.revokedAt === undefined ? time(each.notAfter) : 'revoked',
        each.madeBy,
      ])
      return print(table([['CLAIM', 'DEVICE', 'USED', 'REFUSED', 'UNTIL', 'BY'], ...rows]))
    })
}

function revokeClaimCommand(): Command {
  return withTarget(new Command('revoke-claim'))
    .description('nobody enrols by this claim any more')
    .argument('<id>')
    .action(async (id: string, flags: TargetFlags) => {
      const client = await clientOf(flags)
      const path = `registry/claims/${encodeURIComponent(id)}`
      answerOf(await client.ask({ method: 'DELETE', path, answer: z.undefined() }))
      print(`${plain(id)}: revoked\n`)
    })
}
