import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toBase64, type Bytes } from '#shared/bytes.ts'
import { instantFromIso, isoFromInstant, shift } from '#shared/time.ts'
import { decodePem } from '#shared/wire/pem.ts'
import { createAuthority } from '#simulator/ca/authority.ts'
import { Ledger } from '#simulator/ca/ledger.ts'
import { verifyLines } from '#simulator/commands/verify-batch.ts'
import { linesOf, type Line } from '#simulator/commands/batch-lines.ts'
import { batchAnswers } from './batch-answers.ts'
import { runCli } from './cli.ts'

const start = instantFromIso('2027-01-01T00:00:00Z')
const dayMs = 86_400_000
const onDay = (day: number): string => isoFromInstant(shift(start, day * dayMs))

type Case = Record<string, unknown>
const given = { good: {} as Case, revoked: {} as Case }

beforeAll(async () => {
  const ledger = new Ledger()
  const authority = await createAuthority({ seed: 1, start, intermediates: 1, ledger })
  const bounds = { kind: 'car', notBefore: start, notAfter: shift(start, 30 * dayMs), at: start }
  const good = await authority.issue({ device: 'car-0001', ...bounds })
  const revoked = await authority.issue({ device: 'car-0002', ...bounds })
  authority.revoke(revoked.serial, start, 'keyCompromise')
  const crls = await authority.crls(start, 40 * dayMs)
  const common = {
    trust: base64Of(authority.anchorsPem),
    crls: crls.map(({ der }) => toBase64(der)),
    time: onDay(1),
    purpose: 'client',
    revocation: { mode: 'chain' },
  }
  given.good = { id: 'good', chain: base64Of(good.chainPem), ...common }
  given.revoked = { id: 'revoked', chain: base64Of(revoked.chainPem), ...common }
})

function base64Of(pem: string): string[] {
  const decoded = decodePem(pem, 'CERTIFICATE')
  return decoded.ok ? decoded.value.map((der: Bytes) => toBase64(der)) : []
}

const answers = (...lines: readonly (Case | string)[]) => batchAnswers<Case>(verifyLines, lines)

describe('decisions', () => {
  test.each([
    { name: 'as it is', change: {}, outcome: 'accepted', facts: { intermediates: 1 } },
    {
      name: 'expired',
      change: { time: onDay(31) },
      outcome: 'refused',
      facts: { code: 'expired', at: 0, notAfter: onDay(30) },
    },
    {
      name: 'for servers',
      change: { purpose: 'server' },
      outcome: 'refused',
      facts: { code: 'purpose_forbids' },
    },
    { name: 'no anchor', change: { trust: [] }, outcome: 'refused', facts: { code: 'untrusted' } },
    { name: 'depth 1, the last allowed', change: { maxDepth: 1 }, outcome: 'accepted', facts: {} },
    {
      name: 'depth 0, the first refused',
      change: { maxDepth: 0 },
      outcome: 'refused',
      facts: { code: 'chain_too_deep', limit: 0 },
    },
    {
      name: 'every MUST on CAs asked',
      change: { profile: 'conforming' },
      outcome: 'accepted',
      facts: {},
    },
    {
      name: 'a list as old as may be',
      change: { revocation: { mode: 'chain', maxAgeSeconds: 86_400 } },
      outcome: 'accepted',
      facts: {},
    },
    {
      name: 'a list a second older',
      change: { revocation: { mode: 'chain', maxAgeSeconds: 86_399 } },
      outcome: 'refused',
      facts: { code: 'revocation_unknown', gap: 'stale' },
    },
    {
      name: 'no list',
      change: { crls: [] },
      outcome: 'refused',
      facts: { code: 'revocation_unknown', gap: 'absent' },
    },
    {
      name: 'no list, and unknown is taken',
      change: { crls: null, revocation: { mode: 'chain', unknown: 'accept' } },
      outcome: 'accepted',
      facts: {},
    },
    {
      name: 'no list, and nobody asks',
      change: { crls: [], revocation: { mode: 'none' } },
      outcome: 'accepted',
      facts: {},
    },
    {
      name: 'a leaf that is none',
      change: { chain: ['MAA='] },
      outcome: 'refused',
      facts: { code: 'malformed_certificate' },
    },
    {
      name: 'an anchor that is none beside a good one',
      change: { extra: 1 },
      junk: 'trust',
      outcome: 'accepted',
      facts: { unreadable: ['trust[1]: byte 2: expected TBSCertificate'] },
    },
  ])('$name: $outcome', async ({ change, junk, outcome, facts }) => {
    const more = junk === undefined ? {} : { trust: [...(given.good['trust'] as string[]), 'MAA='] }
    const [told, isUsable] = await answers({ ...given.good, ...change, ...more })
    expect(told).toEqual([expect.objectContaining({ id: 'good', outcome, ...facts })])
    expect(told[0]).not.toHaveProperty('unsupported')
    expect(isUsable).toBe(true)
  })

  test('a revoked certificate is told with its serial', async () => {
    const [[told]] = await answers(given.revoked)
    expect(told).toMatchObject({
      id: 'revoked',
      outcome: 'refused',
      code: 'revoked',
      since: onDay(0),
    })
  })
})

test.each([
  { change: { purpose: 'any' }, unsupported: undefined },
  {
    change: { purpose: null, policy: null, algs: {}, anchor: null, maxDepth: null },
    unsupported: undefined,
  },
  {
    change: { revocation: { mode: 'leaf', maxAgeSeconds: 60 } },
    unsupported: undefined,
  },
  { change: { revocation: { mode: 'leaf', ocsp: true } }, unsupported: ['revocation.ocsp'] },
  { change: { anchor: { enforceExpiry: true, enforceConstraints: true } }, unsupported: undefined },
  { change: { anchor: { enforceConstraints: false } }, unsupported: undefined },
  { change: { algs: { minRsaBits: 2048, allowSha1: false } }, unsupported: undefined },
  {
    change: { algs: { minRsaBits: 1024, allowSha1: true } },
    unsupported: undefined,
  },
])('settings that are not honoured are named: $change', async ({ change, unsupported }) => {
  const [[told]] = await answers({ ...given.good, ...change })
  expect(told?.['unsupported']).toEqual(unsupported)
})

test('what successive cases are put to is read anew wherever it differs', async () => {
  const { good } = given
  const lines = [
    good,
    { ...good, trust: [] },
    good,
    { ...good, crls: [] },
    { ...good, crls: [] },
    { ...good, maxDepth: 0 },
    given.revoked,
    { ...good, chain: given.revoked['chain'] },
    good,
  ]
  const [together] = await answers(...lines)
  expect(together.map(({ outcome, code }) => code ?? outcome)).toEqual([
    'accepted',
    'untrusted',
    'accepted',
    'revocation_unknown',
    'revocation_unknown',
    'chain_too_deep',
    'revoked',
    'revoked',
    'accepted',
  ])
  const apart = await Promise.all(lines.map(async (line) => (await answers(line))[0][0]))
  expect(together).toEqual(apart)
})

describe('lines that are no case', () => {
  test.each([
    { name: 'no JSON', line: '{', error: /JSON/ },
    { name: 'nothing', line: '', error: /JSON/ },
    { name: 'an array', line: '[]', error: /^the line: / },
    { name: 'no leaf', change: { chain: [] }, error: /^chain/ },
    { name: 'no base64', change: { trust: ['-'] }, error: /^trust\.0: expected base64/ },
    { name: 'a time without a zone', change: { time: '2027-01-01' }, error: /^time: .*zone/ },
    { name: 'a word that is none', change: { purpose: 'door' }, error: /^purpose: / },
    { name: 'a profile that is none', change: { profile: 'strict' }, error: /^profile: / },
    { name: 'no id', change: { id: 7 }, error: /^id: / },
  ])('$name: told in its place, and the rest is answered', async ({ line, change, error }) => {
    const [told, isUsable] = await answers(
      given.good,
      line ?? { ...given.good, ...change },
      given.revoked,
    )
    expect(told).toEqual([
      expect.objectContaining({ id: 'good' }),
      { line: 2, error: expect.stringMatching(error) as string },
      expect.objectContaining({ id: 'revoked' }),
    ])
    expect(isUsable).toBe(false)
  })
})

async function failAfterTurns(done: (error: Error) => void): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate)
  done(new Error('gone'))
}

test('memory holds one line: nothing more is read before an answer is taken', async () => {
  let read = 0
  const endless = new Readable({
    highWaterMark: 1,
    read() {
      read += 1
      this.push('{}\n')
    },
  })
  const output = new Writable({
    highWaterMark: 1,
    // Takes its time, in which a reader that does not wait would read on; then it is gone.
    write: (_chunk, _encoding, done) => void failAfterTurns(done),
  })
  await expect(verifyLines(endless, output)).rejects.toThrow('gone')
  expect(read).toBeLessThan(50)
})

test.each([
  { name: 'cut anywhere', chunks: ['a', 'b\nc', '\n\nd'], lines: ['ab', 'c', '', 'd'] },
  { name: 'the last line feed ends the last line', chunks: ['a\n'], lines: ['a'] },
  { name: 'nothing at all', chunks: [''], lines: [] },
  { name: 'as long as may be', chunks: ['12345\n12345'], lines: ['12345', '12345'] },
  {
    name: 'one longer',
    chunks: ['123456\n1', '23456', '7\nab'],
    lines: [undefined, undefined, 'ab'],
  },
  { name: 'longer, and the last', chunks: ['123', '456', '789'], lines: [undefined] },
])('lines: $name', async ({ chunks, lines }) => {
  const source = Readable.from(
    chunks.map((chunk) => Buffer.from(chunk)),
    { objectMode: false },
  )
  const found: Line[] = []
  for await (const line of linesOf(source, 5)) found.push(line)
  expect(found.map(({ text }) => text)).toEqual(lines)
  expect(found.map(({ number }) => number)).toEqual(lines.map((_, index) => index + 1))
})

describe('the command', { timeout: 20_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-batch-'))
  const file = join(dir, 'cases.jsonl')
  afterAll(() => rmSync(dir, { recursive: true }))

  test.each([
    { name: 'every line a case', bad: '', status: 0, lines: 2 },
    { name: 'one line none', bad: 'x\n', status: 2, lines: 3 },
  ])('$name: status $status', async ({ bad, status, lines }) => {
    const text = `${JSON.stringify(given.good)}\n${bad}${JSON.stringify(given.revoked)}\n`
    writeFileSync(file, text)
    const done = await runCli('verify', '--batch', file)
    expect(done.stdout.trimEnd().split('\n')).toHaveLength(lines)
    expect(done.status).toBe(status)
  })

  test.each([
    { args: ['--batch', '/nowhere/at-all'], says: /no such file/ },
    { args: ['--batch', '-', 'chain.pem'], says: /--batch <file> or chain\.pem, not both/ },
    { args: ['--batch', '-', '--at', onDay(1)], says: /cannot be used with option '--at/ },
    { args: ['--trust', 'ca.pem'], says: /expected a chain, or --batch/ },
    { args: ['chain.pem'], says: /expected --trust/ },
    { args: [], says: /expected a chain, or --batch/ },
  ])('$args: status 2', async ({ args, says }) => {
    const done = await runCli('verify', ...args)
    expect(done.stderr).toMatch(says)
    expect(done.status).toBe(2)
  })
})
