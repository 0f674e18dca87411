import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createControlApp } from '../control/app.ts'
import { bucketsOf, elbv2Of, type Elbv2Bindings } from '../control/elbv2/bindings.ts'
import { newApiToken, readTokens, scopes, type ApiToken, type Scope } from '../control/tokens.ts'
import { directoryBuckets } from './bucket-directory.ts'
import { openNodeControlPlane } from './control-plane.ts'
import type { WatchVariables } from './watched-store.ts'
import { startNodeServer } from '../node.ts'
import { runtimeRandom } from '../ports.ts'
import type { BucketObjects } from '../trust-stores/buckets/bucket-objects.ts'

export interface NodeControlOptions {
  /** Where everything lies: made where it is not there. */
  readonly directory: string
  /** A loopback address: it speaks plain HTTP, and tokens go over it. */
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** With `AWS_KEYS` it speaks the ELBv2 API too, as a deployment does. */
  readonly variables?: NodeControlVariables
  /** Where buckets are folders; those of `S3_ENDPOINT` unless given. */
  readonly bucketDirectory?: string
}

/** What a deployment has as variables and secrets; R2 bindings there are none. */
export type NodeControlVariables = WatchVariables & Omit<Elbv2Bindings, 'BUCKETS'>

/** The control plane of one machine. */
export interface NodeControl {
  readonly url: string
  /** Whether the tokens were made just now: the files beside them hold each once. */
  readonly isNew: boolean
  /** Waits for the requests under way, for so many milliseconds at most. */
  close(graceMs: number): Promise<void>
}

/** Files of a control plane's directory that others read. */
export const controlFiles = {
  /** Who may ask, as the secret `API_TOKENS` says it. */
  tokens: 'tokens.json',
  /** Where it listens. */
  url: 'url',
  adminToken: 'admin.token',
  /** For gateways that follow it. */
  readToken: 'read.token',
} as const

/**
 * Serves the control plane that lies in a directory, the same app as a deployment's, on a loopback
 * address. Throws an Error that says what is wrong with the directory, the tokens or the port.
 */
export async function serveControlPlane(options: NodeControlOptions): Promise<NodeControl> {
  const { directory, host, port, variables = {} } = options
  const buckets = bucketsFor(options)
  const spoken = elbv2Of(variables)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const plane = openNodeControlPlane(directory, variables, buckets)
  try {
    const isNew = !existsSync(join(directory, controlFiles.tokens))
    if (isNew) await makeTokens(directory)
    const elbv2 = spoken && { ...spoken, ...(buckets && { buckets }) }
    const app = createControlApp(plane, await tokensOf(directory), elbv2)
    const server = await startNodeServer({ app, host, port })
    await writeWhole(directory, controlFiles.url, `${server.url}\n`)
    return {
      url: server.url,
      isNew,
      async close(graceMs) {
        await server.close(graceMs)
        await rm(join(directory, controlFiles.url), { force: true })
        plane.close()
      },
    }
  } catch (error) {
    plane.close()
    throw error
  }
}

/** Undefined where nothing is said of buckets: a source of one is then told so. */
function bucketsFor({
  variables = {},
  bucketDirectory,
}: NodeControlOptions): BucketObjects | undefined {
  if (bucketDirectory !== undefined) return directoryBuckets(bucketDirectory)
  return variables.S3_ENDPOINT === undefined ? undefined : bucketsOf(variables)
}

/** The list comes last: where it is there, so are the tokens that it is of. */
async function makeTokens(directory: string): Promise<void> {
  const entries = [
    await makeToken(directory, controlFiles.adminToken, 'admin', scopes),
    await makeToken(directory, controlFiles.readToken, 'gateway', ['read']),
  ]
  const text = `${JSON.stringify(entries, undefined, 2)}\n`
  await writeWhole(directory, controlFiles.tokens, text)
}

async function makeToken(
  directory: string,
  file: string,
  name: string,
  given: readonly Scope[],
): Promise<ApiToken> {
  const made = await newApiToken({ name, scopes: given }, runtimeRandom)
  if (!made.ok) throw new Error(made.error)
  await writeWhole(directory, file, `${made.value.token}\n`)
  return made.value.entry
}

async function tokensOf(directory: string): Promise<readonly ApiToken[]> {
  const file = join(directory, controlFiles.tokens)
  const tokens = readTokens(await readFile(file, 'utf8'))
  if (tokens.ok) return tokens.value
  throw new Error(`${file}: ${tokens.error}`)
}

/** For its owner's eyes; put in its place whole. */
async function writeWhole(directory: string, name: string, text: string): Promise<void> {
  const partial = join(directory, `.${name}.${randomUUID()}`)
  await writeFile(partial, text, { mode: 0o600, flush: true })
  await rename(partial, join(directory, name))
}
