import type { Bytes } from '#shared/bytes.ts'
import { instantFromIso } from '#shared/time.ts'
import type { FrontSetting, PlayedPlatform } from '#simulator/front/played.ts'
import type { TerminatedConnection } from '#simulator/front/profile.ts'
import { playedPlatforms } from '#simulator/front/profiles/by-name.ts'
import type { Pki } from '../pki.ts'

/** A platform that hands certificates over in headers: how its worker is configured, and what comes. */
export interface HeaderPlatform {
  /** The app of the bench's worker behind it. */
  readonly app: string
  readonly title: string
  readonly variables: Readonly<Record<string, string>>
  /** The headers of one device's requests. */
  headersOf(leaf: Bytes): Promise<Readonly<Record<string, string>>>
}

/** The platforms that end most fleets' TLS, and each form: chain, leaf, verdict; with a hop secret and without. */
export function headerPlatforms({ intermediate }: Pki): readonly HeaderPlatform[] {
  return rows.map(({ title, name, mode }) => {
    const setting: FrontSetting = { ...common, mode }
    return {
      app: `${name}-${mode}`,
      title,
      variables: { PLATFORM: name, ...playedPlatforms[name].gateway(setting) },
      headersOf: (leaf) => headersOf(playedPlatforms[name], setting, [leaf, intermediate]),
    }
  })
}

const rows = [
  { title: 'RFC 9440', name: 'rfc9440', mode: 'verify' },
  { title: 'ALB passthrough', name: 'alb', mode: 'passthrough' },
  { title: 'ALB verify', name: 'alb', mode: 'verify' },
  { title: 'XFCC (Envoy)', name: 'envoy', mode: 'verify' },
  { title: 'nginx', name: 'nginx', mode: 'verify' },
] as const

const common = {
  expired: 'refuse',
  albPrefix: 'X-Bench-0123456789abcdef-',
  hopSecret: '0123456789abcdef0123456789abcdef',
} as const

/** Of the first request of a connection: all of them bear the same. */
async function headersOf(
  platform: PlayedPlatform,
  setting: FrontSetting,
  chain: readonly Bytes[],
): Promise<Readonly<Record<string, string>>> {
  const front = platform.front(setting)
  const connection: TerminatedConnection = {
    chain,
    verdict: { kind: 'success' },
    clientAddress: '192.0.2.1',
    port: 443,
    tlsVersion: 'TLSv1.3',
  }
  const { headers } = await front.connectionFacts(connection)
  const at = instantFromIso('2027-01-15T12:00:00Z')
  const own = front.requestHeaders(connection, { at, ordinal: 1, header: () => undefined })
  const set = [...headers, ...own].filter((line): line is [string, string] => line[1] !== undefined)
  return Object.fromEntries(set)
}
