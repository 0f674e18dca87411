import { describe, expect, test } from 'vitest'
import {
  albLogLine,
  isoMicroseconds,
  loggedLeaf,
  type ConnectionLogEntry,
  type LoggedLeaf,
} from '#edge/observe/connection-log.ts'
import { jsonLogLine, type DecisionFacts } from '#edge/observe/connection-log-json.ts'
import { concatBytes, toUtf8 } from '#shared/bytes.ts'
import { decodePem } from '#shared/wire/pem.ts'
import { instantFromIso, instantFromMs } from '#shared/time.ts'
import type { Decision } from '#shared/verdict/decision.ts'
import { answers } from '#shared/verdict/answers.ts'
import type { RejectionCode } from '#shared/verdict/rejection.ts'
import { leafPem } from '../../vectors/device.ts'

/** The two lines of ALB's documentation, which have the twelve fields of their day. */
const samples = {
  success:
    '2023-10-04T17:05:15.514108Z 203.0.113.1 36280 443 TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 4.036 "CN=amazondomains.com,O=endEntity,L=Seattle,ST=Washington,C=US" NotBefore=2023-09-21T22:43:21Z;NotAfter=2026-06-17T22:43:21Z FEF257372D5C14D4 Success TID_3180a73013c8ca4bac2f731159d4b0fe',
  failed:
    '2023-10-04T17:05:15.514108Z 203.0.113.1 36280 443 TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 - "CN=amazondomains.com,O=endEntity,L=Seattle,ST=Washington,C=US" NotBefore=2023-09-21T22:43:21Z;NotAfter=2026-06-17T22:43:21Z FEF257372D5C14D4 Failed:ClientCertUntrusted TID_1c71a68d70587445ad5127ff8b2687d7',
}

const at = instantFromMs(Date.UTC(2023, 9, 4, 17, 5, 15) + 514.108)

const leaf: LoggedLeaf = {
  serial: 'FEF257372D5C14D4',
  subject: 'CN=amazondomains.com,O=endEntity,L=Seattle,ST=Washington,C=US',
  issuer: 'CN=Root,O=Acme',
  notBefore: instantFromIso('2023-09-21T22:43:21Z'),
  notAfter: instantFromIso('2026-06-17T22:43:21Z'),
}

const evidence = { at, epoch: 7, signaturesSpent: 2 }

const accepted: Decision = {
  outcome: 'accepted',
  identity: { ...leaf, spiffeId: undefined },
  basis: { kind: 'attestation' },
  evidence,
}

/** DER of the Name CN=Elsewhere. */
const elsewhere = concatBytes(
  Uint8Array.of(0x30, 20, 0x31, 18, 0x30, 16, 0x06, 3, 0x55, 4, 3, 0x0c, 9),
  toUtf8('Elsewhere'),
)

const untrusted: Decision = {
  outcome: 'refused',
  rejection: { code: 'untrusted', at: 0, issuer: elsewhere },
  evidence,
}

const entry: ConnectionLogEntry = {
  at,
  connection: {
    clientIp: '203.0.113.1',
    clientPort: 36_280,
    listenerPort: 443,
    tls: {
      protocol: 'TLSv1.2',
      cipher: 'ECDHE-RSA-AES128-GCM-SHA256',
      keyExchange: 'secp256r1',
      handshakeMs: 4036,
    },
    traceId: 'TID_3180a73013c8ca4bac2f731159d4b0fe',
    elb: 'app/my-loadbalancer/50dc6c495c0c9188',
    nodeIp: '192.0.2.1',
  },
  leaf,
  decision: accepted,
}

const tlsNone = {
  protocol: undefined,
  cipher: undefined,
  keyExchange: undefined,
  handshakeMs: undefined,
}

const nobody = {
  clientIp: undefined,
  clientPort: undefined,
  listenerPort: undefined,
  tls: undefined,
  traceId: undefined,
  elb: undefined,
  nodeIp: undefined,
}

describe('a line of the connection log', () => {
  const tail = ' secp256r1 app/my-loadbalancer/50dc6c495c0c9188 192.0.2.1'

  test('is that of the documentation, with the three fields added since', () => {
    expect(albLogLine(entry)).toBe(samples.success + tail)
    const traceId = 'TID_1c71a68d70587445ad5127ff8b2687d7'
    const failed = { ...entry, connection: { ...entry.connection, traceId }, decision: untrusted }
    expect(albLogLine(failed)).toBe(samples.failed + tail)
  })

  test('has a hyphen for each field that nobody knows', () => {
    const line = albLogLine({ at, connection: nobody, leaf: undefined, decision: undefined })
    expect(line).toBe('2023-10-04T17:05:15.514108Z - - - - - - - - - Success - - - -')
  })

  test.each(Object.keys(answers) as RejectionCode[])('knows ALB’s code of %s', (code) => {
    const decision = { outcome: 'refused', rejection: { code }, evidence } as Decision
    expect(albLogLine({ ...entry, decision }).split(' ')).toContain(`Failed:${answers[code].alb}`)
  })

  const outcomes = [
    { decided: accepted, problem: 'target_unreachable', status: 'Success', latency: '4.036' },
    { decided: accepted, problem: 'not_authorized', status: 'Success', latency: '4.036' },
    { decided: undefined, problem: undefined, status: 'Success', latency: '4.036' },
    { decided: undefined, problem: 'target_unreachable', status: 'Success', latency: '4.036' },
    {
      decided: undefined,
      problem: 'certificate_withheld',
      status: 'Failed:ClientCertMaxSizeExceeded',
      latency: '-',
    },
    {
      decided: undefined,
      problem: 'presentation_malformed',
      status: 'Failed:ClientCertInvalid',
      latency: '-',
    },
    {
      decided: undefined,
      problem: 'trust_store_unavailable',
      status: 'Failed:UnmappedConnectionError',
      latency: '-',
    },
    {
      decided: undefined,
      problem: 'not_from_terminator',
      status: 'Failed:UnmappedConnectionError',
      latency: '-',
    },
  ] as const
  test.each(outcomes)(
    '$decided.outcome, and answered $problem: $status',
    ({ decided, problem, status, latency }) => {
      const line = albLogLine({ ...entry, decision: decided, problem })
      const fields = line.replace(/"[^"]*"/, '""').split(' ')
      expect([fields[6], fields[10]]).toEqual([latency, status])
    },
  )

  const times = [
    { name: 'a whole millisecond', ms: 0, text: '1970-01-01T00:00:00.000000Z' },
    { name: 'one microsecond', ms: 0.001, text: '1970-01-01T00:00:00.000001Z' },
    {
      name: 'a fraction that rounds up to the next second',
      ms: 999.9996,
      text: '1970-01-01T00:00:01.000000Z',
    },
    { name: 'milliseconds alone', ms: 1_700_000_000_123, text: '2023-11-14T22:13:20.123000Z' },
  ]
  test.each(times)('time: $name', ({ ms, text }) => {
    expect(isoMicroseconds(instantFromMs(ms))).toBe(text)
  })

  const latencies = [
    [0, '0.000'],
    [4036.4, '4.036'],
    [-1, '-'],
    [Number.NaN, '-'],
    [Number.POSITIVE_INFINITY, '-'],
  ] as const
  test.each(latencies)('a handshake of %d ms is %s', (handshakeMs, text) => {
    const tls = { protocol: undefined, cipher: undefined, keyExchange: undefined, handshakeMs }
    const line = albLogLine({ ...entry, connection: { ...entry.connection, tls } })
    expect(line.split(' ')[6]).toBe(text)
  })

  const injected = [
    { name: 'a line end', text: 'a\r\nb', token: 'a%0D%0Ab' },
    { name: 'a space', text: 'a b', token: 'a%20b' },
    { name: 'a quote', text: 'a"b', token: 'a%22b' },
    { name: 'an escape sequence', text: '\u001B[2J\u009B', token: '%1B[2J%C2%9B' },
    { name: 'a lone surrogate', text: '\uD800', token: '%EF%BF%BD' },
    { name: 'nothing', text: '', token: '-' },
    { name: 'too much', text: 'x'.repeat(10_000), token: 'x'.repeat(256) },
    { name: 'too much to escape', text: '\n'.repeat(10_000), token: `${'%0A'.repeat(85)}%` },
  ]
  test.each(injected)('a token with $name stays one token', ({ text, token }) => {
    const connection = { ...nobody, clientIp: text, elb: text, traceId: text }
    const fields = albLogLine({ ...entry, connection, leaf: undefined }).split(' ')
    expect(fields).toHaveLength(15)
    expect([fields[1], fields[11], fields[13]]).toEqual([token, token, token])
  })

  const names = [
    {
      name: 'RFC 2253 escapes',
      subject: String.raw`CN=a\"b\\\,c\0A`,
      field: String.raw`CN=a\"b\\\,c\0A`,
    },
    { name: 'a bare quote', subject: 'CN=a" Success', field: String.raw`CN=a\" Success` },
    { name: 'a backslash at the end', subject: 'CN=a\\', field: String.raw`CN=a` + '\\\\' },
    { name: 'a line end', subject: 'CN=a\nCN=b', field: String.raw`CN=a\0ACN=b` },
    { name: 'a backslash before a line end', subject: 'CN=a\\\n', field: String.raw`CN=a\\\0A` },
    {
      name: 'a character beyond ASCII',
      subject: 'CN=ä🚗',
      field: String.raw`CN=\C3\A4\F0\9F\9A\97`,
    },
    { name: 'nothing', subject: '', field: '' },
    { name: 'the longest that is written', subject: 'x'.repeat(8192), field: 'x'.repeat(8192) },
    { name: 'one more', subject: 'x'.repeat(8193), field: `${'x'.repeat(8192)}...` },
    {
      name: 'an escape at the bound',
      subject: `${'x'.repeat(8191)}"`,
      field: `${'x'.repeat(8191)}...`,
    },
  ]
  test.each(names)('a subject with $name', ({ subject, field }) => {
    const line = albLogLine({ ...entry, leaf: { ...leaf, subject } })
    const [before, after] = samples.success.split(`"${leaf.subject}"`)
    expect(line).toBe(`${before}"${field}"${after}${tail}`)
  })
})

describe('the leaf that a log tells of', () => {
  const decoded = decodePem(leafPem, 'CERTIFICATE')
  const der = decoded.ok ? decoded.value[0] : undefined

  test('is read from what was presented, whatever was decided of it', () => {
    if (der === undefined) throw new Error('the vector holds no certificate')
    const told = loggedLeaf({ kind: 'chain', leaf: der, intermediates: [] })
    expect(told?.serial).toMatch(/^[0-9A-F]+$/)
    expect(told?.subject).toContain('CN=')
    const { spiffeId, ...fields } = { ...leaf, spiffeId: undefined }
    expect(spiffeId).toBeUndefined()
    expect(loggedLeaf({ kind: 'attested', fields, leaf: undefined })).toMatchObject(leaf)
  })

  test.each([
    { kind: 'none' },
    { kind: 'withheld', what: 'leaf' },
    { kind: 'malformed', field: 'a', expected: 'b' },
    { kind: 'chain', leaf: new Uint8Array([0x30, 0]), intermediates: [] },
  ] as const)('there is none of $kind', (presented) => {
    expect(loggedLeaf(presented)).toBeUndefined()
  })
})

const read = (line: string): Readonly<Record<string, unknown>> =>
  JSON.parse(line) as Readonly<Record<string, unknown>>

describe('the JSON form', () => {
  const facts: DecisionFacts = {
    event: 'request',
    problem: { code: 'untrusted', id: 'p-1' },
    platform: 'alb',
    policy: 'strict',
    session: 'used',
    target: { group: 'blue', name: 'origin.example' },
    authorization: undefined,
    forged: ['client-cert'],
  }
  test('tells of an acceptance what it rests on', () => {
    expect(read(jsonLogLine(entry, { ...facts, problem: undefined }))).toEqual({
      time: '2023-10-04T17:05:15.514108Z',
      outcome: 'accepted',
      basis: 'attestation',
      event: 'request',
      platform: 'alb',
      policy: 'strict',
      session: 'used',
      target: { group: 'blue', name: 'origin.example' },
      forged: ['client-cert'],
      epoch: 7,
      signaturesSpent: 2,
      connection: entry.connection,
      leaf: {
        ...leaf,
        notBefore: '2023-09-21T22:43:21Z',
        notAfter: '2026-06-17T22:43:21Z',
      },
    })
  })

  test('tells of a refusal the reason and the values that disagreed', () => {
    expect(read(jsonLogLine({ ...entry, decision: untrusted }, facts))).toMatchObject({
      outcome: 'refused',
      code: 'untrusted',
      albReason: 'ClientCertUntrusted',
      found: { at: 0, issuer: 'CN=Elsewhere' },
      problem: { code: 'untrusted', id: 'p-1' },
    })
  })

  test('says so where nothing was decided', () => {
    const line = jsonLogLine(
      { at, connection: nobody, leaf: undefined, decision: undefined },
      facts,
    )
    expect(read(line)).toMatchObject({ outcome: 'not_decided' })
  })

  test('holds what is named here, and nothing else that an object brings along', () => {
    const secret = { cookie: 'secret', token: 'secret' }
    const tls = { ...entry.connection.tls, ...secret }
    const line = jsonLogLine(
      {
        ...entry,
        ...secret,
        connection: { ...entry.connection, ...secret, tls: { ...tlsNone, ...tls } },
        leaf: { ...leaf, ...secret },
      },
      { ...facts, ...secret },
    )
    expect(line).not.toContain('secret')
  })

  test('is one line of ASCII, whatever stands in it', () => {
    const hostile = '\n\u001B[2J\u007F\u009B\u2028ä"\\\uD800'
    const line = jsonLogLine({ ...entry, leaf: { ...leaf, subject: hostile } }, facts)
    expect(line).toMatch(/^[\x20-\x7e]+$/)
    expect(read(line)).toMatchObject({ leaf: { subject: hostile } })
  })

  test('cuts off what a hostile certificate makes long', () => {
    const allowed = Array.from({ length: 5000 }, () => '1'.repeat(5000))
    const rejection = { code: 'purpose_forbids', at: 0, needed: '1.2', allowed } as const
    const line = jsonLogLine({ ...entry, decision: { ...untrusted, rejection } }, facts)
    expect(line.length).toBeLessThan(20_000)
    expect(read(line)).toMatchObject({
      found: { allowed: Array.from({ length: 16 }, () => `${'1'.repeat(1024)}...`) },
    })
  })
})
