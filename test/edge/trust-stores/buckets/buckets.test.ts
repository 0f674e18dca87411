import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { checkAlbBundle, checkAlbRevocationFile } from '#edge/control/elbv2/alb-files.ts'
import { elbv2Of, type Elbv2Bindings } from '#edge/control/elbv2/bindings.ts'
import { objectOctetsMax, type BucketObjects } from '#edge/trust-stores/buckets/bucket-objects.ts'
import { r2BucketObjects } from '#edge/trust-stores/buckets/r2-bucket-objects.ts'
import { s3BucketObjects } from '#edge/trust-stores/buckets/s3-bucket-objects.ts'
import { toUtf8 } from '#shared/bytes.ts'

const object = (key: string, version?: string, name = 'fleet-trust') => ({
  bucket: name,
  key,
  version,
})

/** This one answers as a test says, and keeps what it was asked. */
describe('an S3-compatible bucket', () => {
  let server: Server
  let answer: (request: IncomingMessage, response: ServerResponse) => void
  let asked: IncomingMessage[]
  let bucket: BucketObjects

  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request)
      answer(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })
  beforeEach(() => {
    asked = []
    answer = (_request, response) => response.end('octets')
    bucket = bucketAt(AbortSignal.timeout(60_000))
  })

  function bucketAt(signal: AbortSignal): BucketObjects {
    const { port } = server.address() as AddressInfo
    return s3BucketObjects({
      endpoint: `http://127.0.0.1:${port}/`,
      region: 'eu-central-1',
      accessKeyId: 'AKIA',
      secretAccessKey: 'secret',
      deadline: () => signal,
      fetch: (request) => fetch(request),
    })
  }

  test('an object is asked for by path and version, signed for this region', async () => {
    expect(await bucket.get(object('a b/ü+c.pem', 'v/1'))).toEqual({
      ok: true,
      value: toUtf8('octets'),
    })
    expect(asked[0]?.url).toBe('/fleet-trust/a%20b/%C3%BC%2Bc.pem?versionId=v%2F1')
    expect(asked[0]?.headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIA\/\d{8}\/eu-central-1\/s3\/aws4_request/,
    )
  })

  test.each([
    ['a key that leads out', object('../other/key')],
    ['a key of nothing', object('')],
    ['a key that is too long', object('k'.repeat(1025))],
    ['a bucket that is a path', object('key', undefined, 'a/../b')],
    ['a bucket that is a host', object('key', undefined, 'example.com:80')],
  ])('%s is not even asked for', async (_name, each) => {
    expect(await bucket.get(each)).toMatchObject({ ok: false, error: { kind: 'missing' } })
    expect(asked).toHaveLength(0)
  })

  test.each([
    [404, 'missing'],
    [403, 'missing'],
    [301, 'unavailable'],
    [307, 'unavailable'],
    [500, 'unavailable'],
    [503, 'unavailable'],
  ])('the status %i: %s', async (status, kind) => {
    answer = (_request, response) => {
      response.writeHead(status, { location: '/elsewhere' }).end('<Error/>')
    }
    expect(await bucket.get(object('key'))).toMatchObject({ ok: false, error: { kind } })
    expect(asked).toHaveLength(1)
  })

  test.each([
    [
      'S3’s own word on why',
      '<Error><Code>SignatureDoesNotMatch</Code></Error>',
      ' SignatureDoesNotMatch',
    ],
    ['nothing of a page', '<html><code>x</code></html>', ''],
    ['nothing of a code that is none', '<Code>a\u001b[31m</Code>', ''],
    ['nothing of what is longer than an error', `<Code>Long</Code>${' '.repeat(16 * 1024)}`, ''],
  ])('a refusal is told with %s', async (_name, body, told) => {
    answer = (_request, response) => response.writeHead(403).end(body)
    expect(await bucket.get(object('key'))).toMatchObject({
      error: { kind: 'missing', because: `the bucket answers 403${told}` },
    })
  })

  test('it is not read further than an object may be long', async () => {
    const chunk = Buffer.alloc(1024 * 1024)
    let sent = 0
    answer = (_request, response) => {
      const more = (): void => {
        if (response.destroyed) return
        sent += chunk.length
        response.write(chunk, more)
      }
      more()
    }
    expect(await bucket.get(object('key'))).toMatchObject({
      ok: false,
      error: { kind: 'too_large' },
    })
    // It would go on for ever.
    expect(sent).toBeGreaterThan(objectOctetsMax)
  })

  test('a bucket that does not answer is waited for no longer than its deadline', async () => {
    const deadline = new AbortController()
    answer = () => deadline.abort(new Error('the deadline'))
    expect(await bucketAt(deadline.signal).get(object('key'))).toMatchObject({
      ok: false,
      error: { kind: 'unavailable' },
    })
  })
})

describe('a bound bucket', () => {
  const bucket = r2BucketObjects(
    new Map([
      [
        'fleet-trust',
        {
          get: async (key: string) =>
            key === 'key' ? { version: 'v1', body: new Blob(['octets']).stream() } : null,
        },
      ],
    ]),
  )

  test.each([
    ['the latest version', object('key'), true],
    ['this version', object('key', 'v1'), true],
    ['another version', object('key', 'v2'), false],
    ['another key', object('other'), false],
    ['another bucket', object('key', undefined, 'other'), false],
  ])('%s', async (_name, each, isThere) => {
    const read = await bucket.get(each)
    expect(read.ok ? read.value : read.error.kind).toEqual(isThere ? toUtf8('octets') : 'missing')
  })
})

describe('ALB’s rules on files', () => {
  const block = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'

  test.each([
    ['one certificate', block, 'taken'],
    ['two, and line ends of another kind', (block + block).replaceAll('\n', '\r\n'), 'taken'],
    ['no end of the last line', block.trim(), 'taken'],
    ['a comment', `# the root\n${block}`, 'taken'],
    ['a comment with a hyphen', `# the root-ca\n${block}`, 'line 1: expected no - in a comment'],
    ['a blank line between', `${block}\n${block}`, 'line 4: expected no blank line'],
    ['a blank line inside', block.replace('MIIB', '\nMIIB'), 'line 2: expected no blank line'],
    ['a blank line at the end', `${block}\n`, 'line 4: expected no blank line'],
    ['a text dump', `Certificate:\n${block}`, 'line 1: expected -----BEGIN CERTIFICATE-----'],
  ])('a bundle with %s', (_name, text, fault) => {
    const checked = checkAlbBundle(toUtf8(text))
    expect(checked.ok ? 'taken' : checked.error).toContain(fault)
  })

  test.each([
    ['one list', 1, 'taken'],
    ['two lists', 2, 'More than one CRL objects in the revocation file'],
    ['none', 0, 'is not PEM'],
  ])('a revocation file with %s', (_name, count, fault) => {
    const checked = checkAlbRevocationFile(toUtf8('-----BEGIN X509 CRL-----\n'.repeat(count)))
    expect(checked.ok ? 'taken' : checked.error).toContain(fault)
  })
})

function keysOf(...keys: readonly object[]): Elbv2Bindings {
  return { AWS_KEYS: JSON.stringify(keys) }
}

describe('bindings', () => {
  const key = {
    name: 'alice',
    accessKeyId: 'A'.repeat(16),
    secretAccessKey: 's'.repeat(32),
    scopes: ['read'],
  }
  const AWS_KEYS = JSON.stringify([key])
  const s3 = { S3_ACCESS_KEY_ID: 'a', S3_SECRET_ACCESS_KEY: 'b' }

  test('without keys the API is not spoken', () => {
    expect(elbv2Of({})).toBeUndefined()
    expect(elbv2Of({ AWS_KEYS })?.where).toEqual({ region: 'us-east-1', account: '000000000000' })
  })

  test.each<[string, Elbv2Bindings]>([
    ['AWS_KEYS cannot be used: expected JSON', { AWS_KEYS: 'x' }],
    ['AWS_KEYS cannot be used: expected each accessKeyId once', keysOf(key, key)],
    ['AWS_KEYS cannot be used: at 0.secretAccessKey', keysOf({ ...key, secretAccessKey: 'short' })],
    ['AWS_KEYS cannot be used: at 0.scopes.0', keysOf({ ...key, scopes: ['all'] })],
    ['CONTROL_ACCOUNT', { AWS_KEYS, CONTROL_ACCOUNT: '123' }],
    ['CONTROL_REGION', { AWS_KEYS, CONTROL_REGION: 'US' }],
    ['BUCKETS cannot be used: expected JSON', { AWS_KEYS, BUCKETS: '[1]' }],
    ['BUCKETS cannot be used: FILES, for the bucket x', { AWS_KEYS, BUCKETS: '{"x":"FILES"}' }],
    ['S3_ENDPOINT', { AWS_KEYS, S3_ENDPOINT: 'https://s3.example' }],
    ['S3_ENDPOINT', { AWS_KEYS, ...s3, S3_ENDPOINT: 'http://169.254.169.254' }],
    ['S3_ENDPOINT', { AWS_KEYS, ...s3, S3_ENDPOINT: 'http://127.0.0.1.example' }],
  ])('%s', (message, env) => {
    expect(() => elbv2Of(env)).toThrow(message)
  })
})
