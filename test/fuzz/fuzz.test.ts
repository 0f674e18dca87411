import { expect, test } from 'vitest'
import { parseCrl } from '#shared/revocation/crl.ts'
import { parseCertificate } from '#shared/x509/parse.ts'
import { parseCertificationRequest } from '#shared/x509/request.ts'
import { derOfPem, readCorpus } from './corpus.ts'
import { fuzz } from './run.ts'
import type { Target } from './target.ts'
import { createTargets } from './targets.ts'
import { issuerPem, listPem, requestPems } from './vectors.ts'

const corpus = await readCorpus()
const targets = await createTargets(corpus)

test('the corpora are there, where nothing may be missing', () => {
  expect(corpus.missing).toEqual(process.env['CI'] === 'true' ? [] : corpus.missing)
  expect(corpus.certificates.length).toBeGreaterThan(0)
})

test('what OpenSSL made is read as it stands', () => {
  expect(parseCertificate(derOfPem(issuerPem)).ok).toBe(true)
  const list = parseCrl(derOfPem(listPem))
  expect(list.ok && list.value.index.size).toBe(40)
  const requests = requestPems.map((pem) => parseCertificationRequest(derOfPem(pem)))
  expect(requests.map((each) => each.ok && each.value.attributes.map(({ type }) => type))).toEqual([
    ['1.2.840.113549.1.9.14'],
    ['1.2.840.113549.1.9.7'],
  ])
  const [device] = requests
  expect(device?.ok && device.value.extensions.subjectAltNames?.uris).toEqual([
    'spiffe://fleet.example/car/0001',
  ])
})

/** A fixed part of what `npm run fuzz` does by the million. */
test('some thousand inputs for all targets: nothing is found', { timeout: 120_000 }, async () => {
  const options = { seed: 20_261_122, first: 0, inputs: 20_000, forMs: 60_000 }
  const { found, taken } = await fuzz(targets, options)
  expect(found).toBeUndefined()
  for (const target of ['certificate', 'crl', 'request', 'header', 'pem', 'token', 'compiled']) {
    expect(taken.get(target)?.[0], `${target}: some inputs are taken`).toBeGreaterThan(0)
  }
})

const never: Target = {
  name: 'broken',
  share: 1,
  make: (random) => {
    const octets = Uint8Array.of(Math.floor(random.next() * 4))
    return {
      octets: () => octets,
      ask: () => {
        if (octets[0] === 3) throw new Error('three')
        return true
      },
    }
  },
}

test('a fault is found, with the input, and found again by its number', async () => {
  const { found } = await fuzz([never], { seed: 1, first: 0, inputs: 1000, forMs: 10_000 })
  expect(found).toMatchObject({ target: 'broken', what: 'Error: three', octets: Uint8Array.of(3) })
  const again = { seed: 1, first: found?.input ?? -1, inputs: 1, forMs: 10_000 }
  expect((await fuzz([never], again)).found).toEqual(found)
})

test('an input that takes the CPU too long is found', async () => {
  const slow: Target = {
    name: 'slow',
    share: 1,
    make: () => ({
      octets: () => new Uint8Array(),
      ask: () => {
        const start = process.cpuUsage()
        while (process.cpuUsage(start).user < 70_000) Math.sqrt(2)
        return true
      },
    }),
  }
  const { found } = await fuzz([slow], { seed: 1, first: 0, inputs: 1, forMs: 10_000 })
  expect(found?.what).toMatch(/ms of CPU time$/)
})
