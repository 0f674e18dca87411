import { beforeAll, describe, expect, test } from 'vitest'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { albNames } from '#shared/wire/alb.ts'
import { spoofs, stolenValue } from '../../runtime/spoofed-headers.ts'
import { cfOf, chainOf } from '../../runtime/given.ts'
import { codeOf, createPki, createStage, requestOf, type Stage } from '../stage.ts'

let car: DeviceCredential
let verifying: Stage
let passing: Stage

beforeAll(async () => {
  const pki = await createPki()
  car = await pki.issue('car-1')
  verifying = await createStage(pki, { variables: {} })
  passing = await createStage(pki, { variables: { MODE: 'passthrough' } })
})

const canonical = (name: string): string => name.toLowerCase().replaceAll(/[_.]/g, '-')
const isCertificateHeader = (name: string): boolean =>
  /(clientcert|client-cert|cf-cert|ssl-client|amzn-tls)/.test(canonical(name))

describe.each(spoofs)('$header, $how', ({ header }) => {
  const spoof = () => ({ [header]: stolenValue(header, chainOf(car)) })

  test('verify: is no certificate, and told for what it is', async () => {
    const response = await verifying.app.request(requestOf(cfOf(), spoof()))
    expect(response.status).toBe(401)
    expect(await codeOf(response)).toBe('header_forged')
  })

  test('passthrough: never reaches the target', async () => {
    const before = passing.forwarded.length
    await passing.app.request(requestOf(cfOf(), { ...spoof(), 'x-request-id': '1' }))
    const [forwarded] = passing.forwarded.slice(before)
    expect(forwarded?.headers.get('x-request-id')).toBe('1')
    expect([...(forwarded?.headers.keys() ?? [])].filter(isCertificateHeader)).toEqual([])
  })

  test('verify: beside a good certificate, the target hears of that one alone', async () => {
    const before = verifying.forwarded.length
    const value = 'someone-else'
    await verifying.app.request(requestOf(cfOf(...chainOf(car)), { [header]: value }))
    const [forwarded] = verifying.forwarded.slice(before)
    const lines = [...(forwarded?.headers ?? [])].filter(([name]) => isCertificateHeader(name))
    expect(lines.map(([name]) => name)).toEqual(
      Object.values(albNames())
        .filter((name) => /Clientcert-/.test(name))
        .map((name) => name.toLowerCase())
        .toSorted(),
    )
    expect(lines.filter(([, each]) => each.includes(value))).toEqual([])
  })
})

test('the table holds every header of AWS in seven spellings', () => {
  expect(spoofs.filter(({ header }) => canonical(header).startsWith('x-amzn-')).length).toBe(9 * 7)
})
