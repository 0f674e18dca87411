import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { mayCarryToken } from '#edge/control/tokens.ts'
import { messageOf, unusable } from '../options.ts'
import { createClient, type Client } from './client.ts'

/** Which control plane a command speaks to, and as whom. */
export interface TargetFlags {
  readonly url?: string
  readonly tokenFile?: string
  readonly local: string
}

/** Flags of every command that speaks to a control plane. */
export function withTarget(command: Command): Command {
  return command
    .option('--url <url>', 'control plane (default: SALLYPORT_URL, or else the local one)')
    .option('--token-file <file>', 'its token (default: SALLYPORT_TOKEN)')
    .option('--local <dir>', 'directory of the local control plane', localDirectory)
}

/** Where the local control plane lies unless told. */
export const localDirectory = '.sallyport'

/** Ends the command where there is no address or no token. */
export async function clientOf(flags: TargetFlags): Promise<Client> {
  const url = flags.url ?? process.env['SALLYPORT_URL']
  const token = await tokenOf(flags)
  if (url !== undefined) {
    if (!mayCarryToken(url)) {
      return unusable(`${url}: expected an https URL (http on a loopback address alone)`)
    }
    return createClient({ url, token: token ?? unusable(`${noToken} for ${url}`) })
  }
  return createClient({
    url: await readLocal(flags.local, 'url'),
    token: token ?? (await readLocal(flags.local, 'admin.token')),
  })
}

const noToken =
  'a token is needed: put it into SALLYPORT_TOKEN, or into a file and name that with --token-file,'

async function tokenOf({ tokenFile }: TargetFlags): Promise<string | undefined> {
  if (tokenFile === undefined) return process.env['SALLYPORT_TOKEN']
  try {
    return (await readFile(tokenFile, 'utf8')).trim()
  } catch (error) {
    return unusable(`--token-file: ${messageOf(error)}`)
  }
}

async function readLocal(directory: string, name: string): Promise<string> {
  try {
    return (await readFile(join(directory, name), 'utf8')).trim()
  } catch {
    // Whatever the cause, this is what helps: the directory names itself.
    return unusable(
      `no control plane runs in ${directory}: name one with --url or SALLYPORT_URL, or start one with: sallyport trust-store serve --local ${directory}`,
    )
  }
}
