import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import tls from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { caNamesOf } from '#edge/node/ca-names.ts'
import { createLiveTls, type LiveTls } from '#edge/node/live-tls.ts'
import { isTlsPolicyName, tlsPolicyNames, tlsPolicySettings } from '#edge/node/tls-policies.ts'
import { startNodeServer, type NodeServer, type NodeTls } from '#edge/node.ts'
import { nodeTlsPlatform } from '#edge/platforms/node-tls.ts'
import { createHeldTrustStore } from '#edge/trust-stores/held-trust-store.ts'
import { directoryTrustFiles } from '#edge/trust-stores/directory-trust-files.ts'
import { concatBytes, toUtf8, type Bytes } from '#shared/bytes.ts'
import { buildTrustStore, defaultLimits, type TrustStore } from '#shared/trust-store/trust-store.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { createServerCredential } from '#simulator/ca/server-credential.ts'
import { instantFromMs, shift } from '#shared/time.ts'
import { noOpenssl } from '../../installed.ts'
import {
  answered,
  connected,
  createDirectoryPki,
  deviceOptions,
  type DirectoryPki,
} from '../../runtime/directory-pki.ts'
import { dayMs } from '../../runtime/given.ts'
import { setClock, start } from '../stage.ts'

let pki: DirectoryPki
let server: NodeServer | undefined

beforeAll(async () => {
  pki = await createDirectoryPki(start)
})
afterAll(() => pki.remove())
afterEach(async () => {
  await server?.close(0)
  server = undefined
})

/** Answers how many certificates it was shown. */
const counting = (() => {
  const platform = nodeTlsPlatform()
  return {
    async fetch(request: Request): Promise<Response> {
      const seen = await platform.read(request)
      return new Response(String(seen.kind === 'chain' ? 1 + seen.intermediates.length : 0))
    },
  }
})()

const plain = (): NodeTls => ({ keyPem: pki.server.keyPem, certPem: pki.server.certPem })

async function serve(settings: NodeTls): Promise<NodeServer> {
  server = await startNodeServer({ app: counting, host: '127.0.0.1', port: 0, tls: settings })
  return server
}

const heldStore = () =>
  createHeldTrustStore({
    files: directoryTrustFiles(pki.directory),
    limits: defaultLimits,
    maxStalenessMs: 0,
    clock: setClock(),
    verifier: createWebCryptoVerifier(),
    report: () => undefined,
  })

function liveTls(): Promise<LiveTls> {
  return createLiveTls({ credential: async () => plain(), trustStore: heldStore() })
}

/** What OpenSSL's client says of a handshake. */
async function opensslSays(port: number, ...args: readonly string[]): Promise<string> {
  const child = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, ...args], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  child.stdin.end()
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')])
  return said
}

describe.skipIf(noOpenssl)(
  'the names of authorities, as OpenSSL reads the CertificateRequest',
  () => {
    test.each(['-tls1_2', '-tls1_3'])('%s: none unless asked for', async (version) => {
      const { port } = await serve(plain())
      expect(await opensslSays(port, version)).toContain('No client certificate CA names sent')
    })

    test.each(['-tls1_2', '-tls1_3'])('%s: those of the trust store', async (version) => {
      const { port } = await serve((await liveTls()).settings())
      const said = await opensslSays(port, version)
      const [, names = ''] =
        /Acceptable client certificate CA names\n((?:.*CN ?=.*\n)+)/.exec(said) ?? []
      expect(names.trim().split('\n')).toHaveLength(2)
      // Beside the server's own certificate goes none that is a name alone.
      expect(said.match(/^ \d s:/gm)).toHaveLength(1)
    })

    test('names follow the trust store, and a store that has not changed changes nothing', async () => {
      const live = await liveTls()
      const on = await serve(live.settings())
      let applied = 0
      const observed: NodeServer = {
        ...on,
        setTls(next) {
          applied += 1
          on.setTls(next)
        },
      }
      await live.refreshNames(observed)
      expect(applied).toBe(0)
      const { intermediatesPem } = pki.authority
      await pki.put('intermediates.pem', toUtf8(intermediatesPem + pki.server.caPem))
      await live.refreshNames(observed)
      await live.refreshNames(observed)
      expect(applied).toBe(1)
      expect(await opensslSays(on.port)).toMatch(/Acceptable client[^]*CN ?= ?front/)
      await pki.put('intermediates.pem', toUtf8(intermediatesPem))
    })
  },
)

describe('with names advertised', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    '%s: the chain is seen as it was sent',
    async (version) => {
      const on = await serve((await liveTls()).settings())
      const versions = { minVersion: version, maxVersion: version }
      const device = await pki.issue(`car-named-${version}`)
      const connection = await connected({ ...deviceOptions(pki, on, device), ...versions })
      expect((await answered(connection)).body).toBe('2')
      await connection.close()
    },
  )

  test('nothing is trusted by its name: the server has no word on the chain', async () => {
    const live = await liveTls()
    const verdicts: unknown[] = []
    const app = {
      fetch(request: Request & { readonly connection?: unknown }): Response {
        const { connection } = request
        if (connection instanceof tls.TLSSocket) verdicts.push(connection.authorized)
        return new Response()
      },
    }
    server = await startNodeServer({ app, host: '127.0.0.1', port: 0, tls: live.settings() })
    const connection = await connected(deviceOptions(pki, server, await pki.issue('car-unnamed')))
    await answered(connection)
    await connection.close()
    expect(verdicts).toEqual([false])
  })
})

const storeOf = async (octets: number): Promise<TrustStore> => {
  const empty = await buildTrustStore({
    anchors: [],
    intermediates: [],
    crls: [],
    epoch: 0,
    limits: defaultLimits,
  })
  const subject: Bytes = concatBytes(new Uint8Array(octets))
  const anchor = { subject, spki: subject } as never
  return { ...empty, anchorsBySubject: new Map([['one', [anchor, anchor]]]) }
}

describe("ALB's quota on names: 10,000 bytes", () => {
  test('the last that is told', async () => {
    const names = caNamesOf(await storeOf(10_000))
    expect(names.ok && names.value.map(({ length }) => length)).toEqual([10_000])
  })

  test('the first that is not', async () => {
    const error = { octets: 10_001, octetsMax: 10_000 }
    expect(caNamesOf(await storeOf(10_001))).toEqual({ ok: false, error })
  })
})

/** What a client that offers this alone agrees on. */
async function agreed(port: number, offer: tls.ConnectionOptions): Promise<string> {
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...offer })
  try {
    await once(socket, 'secureConnect')
    return `${socket.getProtocol()} ${socket.getCipher().name}`
  } catch {
    return 'refused'
  } finally {
    socket.destroy()
  }
}

describe('TLS policies', () => {
  const only12 = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const
  const only13 = { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' } as const
  const gcm = 'ECDHE-ECDSA-AES128-GCM-SHA256'
  const cbc = 'ECDHE-ECDSA-AES128-SHA256'
  const sha1 = 'ECDHE-ECDSA-AES128-SHA'
  const chacha = 'TLS_CHACHA20_POLY1305_SHA256'

  test.each([
    { policy: 'TLS13-1-3-2021-06', offer: { ...only12, ciphers: gcm }, is: 'refused' },
    { policy: 'TLS13-1-3-2021-06', offer: { ...only13, ciphers: chacha }, is: `TLSv1.3 ${chacha}` },
    { policy: 'TLS13-1-2-2021-06', offer: { ...only12, ciphers: cbc }, is: `TLSv1.2 ${cbc}` },
    { policy: 'TLS13-1-2-2021-06', offer: { ...only12, ciphers: sha1 }, is: 'refused' },
    { policy: 'TLS13-1-2-Res-2021-06', offer: { ...only12, ciphers: gcm }, is: `TLSv1.2 ${gcm}` },
    { policy: 'TLS13-1-2-Res-2021-06', offer: { ...only12, ciphers: cbc }, is: 'refused' },
    {
      policy: 'TLS13-1-2-Ext2-2021-06',
      offer: { ...only12, ciphers: sha1 },
      is: `TLSv1.2 ${sha1}`,
    },
    { policy: 'TLS13-1-2-Ext1-2021-06', offer: { ...only12, ciphers: sha1 }, is: 'refused' },
    { policy: 'TLS13-1-2-FIPS-2023-04', offer: { ...only13, ciphers: chacha }, is: 'refused' },
    { policy: 'TLS13-1-2-FIPS-2023-04', offer: { ...only13, ecdhCurve: 'X25519' }, is: 'refused' },
    { policy: 'TLS-1-2-2017-01', offer: { ...only13 }, is: 'refused' },
    {
      policy: 'TLS13-1-3-PQ-2025-09',
      offer: { ...only13, ecdhCurve: 'X25519MLKEM768' },
      is: 'TLSv1.3 TLS_AES_128_GCM_SHA256',
    },
    {
      policy: 'TLS13-1-3-2021-06',
      offer: { ...only13, ecdhCurve: 'X25519MLKEM768' },
      is: 'refused',
    },
  ])('$policy, $offer: $is', async ({ policy, offer, is }) => {
    const name = `ELBSecurityPolicy-${policy}`
    if (!isTlsPolicyName(name)) throw new Error(`${name} is none`)
    const { port } = await serve({ ...plain(), policy: name })
    expect(await agreed(port, offer)).toBe(is)
  })

  test.each(tlsPolicyNames)('%s: OpenSSL knows all of it, and TLS 1.2 is the least', (name) => {
    const { ciphers, minVersion } = tlsPolicySettings(name)
    const known = new Set(tls.getCiphers().map((cipher) => cipher.toUpperCase()))
    expect(ciphers.split(':').filter((cipher) => !known.has(cipher.toUpperCase()))).toEqual([])
    expect(['TLSv1.2', 'TLSv1.3']).toContain(minVersion)
    tls.createSecureContext(tlsPolicySettings(name))
  })

  test.each(['ELBSecurityPolicy-2016-08', 'ELBSecurityPolicy-TLS13-1-0-2021-06', 'toString'])(
    '%s is no policy here',
    (name) => expect(isTlsPolicyName(name)).toBe(false),
  )
})

const anew = () => {
  const now = instantFromMs(Date.now())
  return createServerCredential({ notBefore: shift(now, -dayMs), notAfter: shift(now, dayMs) })
}

describe('another credential while the server runs', () => {
  test('open connections stay, new ones get it, and tickets still count', async () => {
    const on = await serve({ ...plain(), resumption: 'allowed' })
    const device = await pki.issue('car-rotated')
    const held = await connected(deviceOptions(pki, on, device))
    expect((await answered(held)).body).toBe('2')
    const session = held.session()
    const next = await anew()
    on.setTls({ keyPem: next.keyPem, certPem: next.certPem, resumption: 'allowed' })
    expect((await answered(held)).body).toBe('2')
    const trusting = { ...deviceOptions(pki, on, device), caPem: next.caPem }
    const fresh = await connected(trusting)
    expect([fresh.resumed, (await answered(fresh)).body]).toEqual([false, '2'])
    const resumed = await connected({ ...trusting, ...(session !== undefined && { session }) })
    expect(resumed.resumed).toBe(true)
    for (const connection of [held, fresh, resumed]) await connection.close()
  })

  test('one that cannot be used is refused, and the one before stays', async () => {
    const on = await serve(plain())
    const { keyPem } = await anew()
    expect(() => on.setTls({ ...plain(), keyPem })).toThrow('cannot be used')
    const connection = await connected(deviceOptions(pki, on))
    expect((await answered(connection)).body).toBe('0')
    await connection.close()
  })

  test('a server behind a proxy has none to change', async () => {
    server = await startNodeServer({ app: counting, host: '127.0.0.1', port: 0 })
    expect(() => server?.setTls(plain())).toThrow('does not end TLS')
  })
})
