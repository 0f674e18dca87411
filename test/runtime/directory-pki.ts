import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toUtf8, type Bytes } from '#shared/bytes.ts'
import type { Result } from '#shared/result.ts'
import { instantFromMs, shift } from '#shared/time.ts'
import { createAuthority, type Authority, type DeviceCredential } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { createServerCredential, type ServerCredential } from '#simulator/ca/server-credential.ts'
import {
  connect,
  type DeviceConnection,
  type DeviceRequest,
  type DeviceResponse,
} from '#simulator/engine/client/device-connection.ts'
import type { TlsOptions } from '#simulator/engine/client/tls-connection.ts'
import { dayMs } from './given.ts'

/** An authority whose anchors and lists lie in a directory, and a server credential for localhost. */
export interface DirectoryPki {
  readonly directory: string
  readonly authority: Authority
  readonly server: ServerCredential
  issue(device: string, days?: number): Promise<DeviceCredential>
  revoke(device: DeviceCredential): Promise<void>
  /** A file put in its place whole. */
  put(name: string, octets: Bytes): Promise<void>
  remove(): Promise<void>
}

/** @param at when the world begins: a command that is run has no clock but the real one */
export async function createDirectoryPki(at: number): Promise<DirectoryPki> {
  const begin = instantFromMs(at)
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-trust-'))
  await mkdir(join(directory, 'crl'))
  const options = { seed: 7, start: begin, intermediates: 1, ledger: new Ledger() }
  const authority = await createAuthority(options)
  const put = async (name: string, octets: Bytes): Promise<void> => {
    await writeFile(join(directory, 'half-written'), octets)
    await rename(join(directory, 'half-written'), join(directory, name))
  }
  const publish = async (): Promise<void> => {
    for (const { name, der } of await authority.crls(begin, 90 * dayMs)) {
      await put(`crl/${name}`, der)
    }
  }
  await put('anchors.pem', toUtf8(authority.anchorsPem))
  await put('intermediates.pem', toUtf8(authority.intermediatesPem))
  await publish()
  return {
    directory,
    authority,
    server: await serverCredential(),
    issue: (device, days = 30) =>
      authority.issue({
        device,
        kind: 'car',
        notBefore: begin,
        notAfter: shift(begin, days * dayMs),
        at: begin,
      }),
    async revoke({ serial }) {
      authority.revoke(serial, begin, 'keyCompromise')
      await publish()
    },
    put,
    remove: () => rm(directory, { recursive: true }),
  }
}

function serverCredential(): Promise<ServerCredential> {
  const now = Date.now()
  const at = (days: number) => instantFromMs(now + days * dayMs)
  return createServerCredential({ notBefore: at(-1), notAfter: at(1) })
}

/** How a device connects to a server on 127.0.0.1. */
export function deviceOptions(
  pki: DirectoryPki,
  { port }: { readonly port: number },
  credential?: Pick<DeviceCredential, 'keyPem' | 'chainPem'>,
): TlsOptions {
  return {
    host: '127.0.0.1',
    port,
    servername: 'localhost',
    caPem: pki.server.caPem,
    ...(credential !== undefined && { credential }),
  }
}

/** The value of a result that the test takes for granted. */
export function valueOf<Value>(result: Result<Value, unknown>): Value {
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

/** Connects, or fails the test. */
export async function connected(options: TlsOptions): Promise<DeviceConnection> {
  return valueOf(await connect(options))
}

/** One answered request, or fails the test. */
export async function answered(
  connection: DeviceConnection,
  request: Partial<DeviceRequest> = {},
): Promise<DeviceResponse> {
  return valueOf(await connection.request({ method: 'GET', path: '/', ...request }))
}
