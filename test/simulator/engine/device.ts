import { shift, type Instant } from '#shared/time.ts'
import type { Authority, DeviceCredential } from '#simulator/ca/authority.ts'
import {
  connect,
  type DeviceConnection,
  type DeviceResponse,
} from '#simulator/engine/client/device-connection.ts'
import type { Stage } from '#simulator/engine/stage.ts'

const dayMs = 86_400_000
let devices = 0

/** A device that nobody has seen before, with a certificate that begins at `at`. */
export function issueDevice(
  authority: Authority,
  at: Instant,
  validityMs = 30 * dayMs,
): Promise<DeviceCredential> {
  devices += 1
  const bounds = { notBefore: at, notAfter: shift(at, validityMs), at }
  return authority.issue({ device: `car-${devices}`, kind: 'car', ...bounds })
}

/** Writes new CRLs of every authority into the stage's trust store. */
export async function publishCrls(authority: Authority, stage: Stage, at: Instant): Promise<void> {
  for (const crl of await authority.crls(at, 7 * dayMs)) {
    await stage.publish(`crl/${crl.name}`, crl.der)
  }
}

/** A connection that must come about. */
export async function open(
  { address }: Stage,
  credential: DeviceCredential | undefined,
  session?: Buffer,
): Promise<DeviceConnection> {
  const opened = await connect({
    ...address,
    ...(credential === undefined ? {} : { credential }),
    ...(session === undefined ? {} : { session }),
  })
  if (!opened.ok) throw new Error(JSON.stringify(opened.error))
  return opened.value
}

/** What a client makes of an answer: status, and of a JSON body the code or who was let in. */
export function told({ status, body }: DeviceResponse): Told {
  const { code, device } = body as { code?: unknown; device?: { serial?: unknown } }
  return status === 200 ? { status, serial: device?.serial } : { status, code }
}

interface Told {
  readonly status: number
  readonly code?: unknown
  readonly serial?: unknown
}

/** One request that must be answered. */
export async function ask(
  connection: DeviceConnection,
  headers: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const response = await connection.request({ method: 'GET', path: '/', headers })
  if (!response.ok) throw new Error(JSON.stringify(response.error))
  return told(response.value)
}
