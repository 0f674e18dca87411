import type { Miniflare } from 'miniflare'
import { concatBytes, toBase64, toUtf8, type Bytes } from '#shared/bytes.ts'
import { toPem } from '#simulator/ca/pem.ts'
import { deploy, type Deployed } from '../runtime/deployed.ts'
import { cfOf } from '../runtime/given.ts'
import { entry } from '../shared/crls.ts'
import type { Entity } from '../shared/pki.ts'
import { chaosHeader, probesHeader, type Fault, type ProbeAnswer } from './orders.ts'

/** A control plane and edge workers that follow one of its stores, in workerd, with hands on their faults. */
export interface Plane {
  /** Stores a file; its name. */
  file(octets: Bytes): Promise<string>
  /** The head that a change made, or why it was refused. */
  change(body: object): Promise<ChangeAnswer>
  api(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>
  /** What an edge worker says to a device: `in`, or a code, with its gap where it has one. */
  knock(worker: string, ...chain: readonly Pick<Entity, 'der'>[]): Promise<string>
  /** The same of many at once, each by `request.cf`. */
  probe(worker: string, devices: readonly object[]): Promise<readonly string[]>
  /** A request as it is. */
  fetch(worker: string, path: string, chain: readonly Bytes[], headers?: object): Promise<Answer>
  suffer(worker: string, fault: Fault): Promise<void>
  /** The store's object dies, and starts again when it is asked. */
  restart(): Promise<void>
  /** Where workerd's inspector listens, of a plane that has one. */
  inspector(): Promise<URL>
  close(): Promise<void>
}

type Answer = Awaited<ReturnType<Miniflare['dispatchFetch']>>

export interface ChangeAnswer {
  readonly status: number
  readonly epoch?: number
  readonly refusal?: string
}

/**
 * Starts them, and makes the store.
 *
 * @param workers the variables of each edge worker, by its name
 */
export async function startPlane(
  workers: Readonly<Record<string, Readonly<Record<string, string>>>>,
  { hasInspector = false }: { readonly hasInspector?: boolean } = {},
): Promise<Plane> {
  const control = 'test/chaos/workers/control.ts'
  const edge = 'test/chaos/workers/edge.ts'
  return planeOf(await deploy({ control, edge, edges: workers, hasInspector }))
}

function planeOf({ runtime, api }: Deployed): Plane {
  const order = async (host: string, value: string, body?: object): Promise<void> => {
    const headers = { [chaosHeader]: value }
    const init = { method: 'POST', headers, ...(body && { body: JSON.stringify(body) }) }
    await (await runtime.dispatchFetch(`http://${host}.example/`, init)).arrayBuffer()
  }
  const probe: Plane['probe'] = async (worker, devices) => {
    const init = {
      method: 'POST',
      headers: { [probesHeader]: 'yes' },
      body: JSON.stringify(devices),
    }
    const response = await runtime.dispatchFetch(`http://${worker}.example/`, init)
    return ((await response.json()) as readonly ProbeAnswer[]).map(said)
  }
  return {
    api,
    file: async (octets) => String((await api('POST', '/files', octets))['file']),
    change: async (body) =>
      (await api('POST', '/trust-stores/cars/changes', body)) as unknown as ChangeAnswer,
    probe,
    async knock(worker, ...chain) {
      const [answer = '?'] = await probe(worker, [cfOf(...chain.map(({ der }) => der))])
      return answer
    },
    fetch(worker, path, chain, headers = {}) {
      const cf: object = cfOf(...chain)
      return runtime.dispatchFetch(`http://${worker}.example${path}`, {
        headers: { ...headers },
        cf,
      })
    },
    suffer: (worker, fault) => order(worker, 'suffer', fault),
    restart: () => order('control', 'cars'),
    inspector: () => runtime.getInspectorURL(),
    close: () => runtime.dispose(),
  }
}

function said({ device, code = '?' }: ProbeAnswer): string {
  return device === undefined ? code : 'in'
}

/** A bundle file of these. */
export const bundleOf = (...certificates: readonly Pick<Entity, 'der'>[]): Bytes =>
  toUtf8(certificates.map(({ der }) => toPem('CERTIFICATE', der)).join(''))

/** The word that revokes one serial. */
export const wordOn = (issuer: Pick<Entity, 'name'>, serial: readonly number[]): object => ({
  issuer: toBase64(issuer.name),
  serial: serial.map((octet) => octet.toString(16).padStart(2, '0')).join(''),
})

/** The serial of one of many that are on a list and of no device. */
export const massSerial = (nth: number): readonly number[] => [
  0x42,
  ...massSerialMiddle,
  (nth >> 16) & 0xff,
  (nth >> 8) & 0xff,
  nth & 0xff,
]

/** Serials of sixteen octets, as most CAs make them. */
const massSerialMiddle: readonly number[] = Array.from({ length: 12 }, () => 7)

/** Entries of so many serials, a thousand in a piece: they are more than a call takes arguments. */
export function massOf(count: number): readonly Bytes[] {
  const pieces: Bytes[] = []
  for (let from = 0; from < count; from += 1000) {
    const length = Math.min(1000, count - from)
    pieces.push(concatBytes(...Array.from({ length }, (_, at) => entry(massSerial(from + at)))))
  }
  return pieces
}
