import { beforeEach, describe, expect, test } from 'vitest'
import { toUtf8 } from '#shared/bytes.ts'
import { start } from '../../stage.ts'
import { elbv2Stage, endpoint, keys, type Elbv2Stage } from './stage.ts'

let stage: Elbv2Stage

beforeEach(async () => {
  stage = await elbv2Stage()
  stage.bucket.objects.set('trust/bundle.pem', toUtf8(stage.pki.authority.anchorsPem))
})

const minutes = (count: number): number => start + count * 60_000

describe('a request is its sender’s, here and now, once', () => {
  const body = 'Action=DescribeTrustStores&Version=2015-12-01'

  test.each([
    ['another region', { region: 'eu-west-1' }, 'SignatureDoesNotMatch'],
    ['another service', { service: 'ec2' }, 'SignatureDoesNotMatch'],
    ['five minutes old', { at: minutes(-5) }, undefined],
    ['five minutes and a second old', { at: minutes(-5) - 1000 }, 'SignatureDoesNotMatch'],
    ['five minutes ahead', { at: minutes(5) }, undefined],
    ['five minutes and a second ahead', { at: minutes(5) + 1000 }, 'SignatureDoesNotMatch'],
    [
      'another secret',
      { key: { ...keys.admin, secretAccessKey: 'x'.repeat(40) } },
      'SignatureDoesNotMatch',
    ],
    [
      'an unknown key',
      { key: { ...keys.admin, accessKeyId: 'AKIA0000000000000000' } },
      'InvalidClientTokenId',
    ],
  ])('%s', async (_name, options, code) => {
    const answer = await stage.send(await stage.signed(body, options))
    expect(answer.code).toBe(code)
    expect(answer.status).toBe(code === undefined ? 200 : 403)
  })

  test.each([
    ['without a signature', { authorization: null }, 'MissingAuthenticationToken'],
    ['with another form of it', { authorization: 'Bearer x' }, 'IncompleteSignature'],
    ['without a date', { 'x-amz-date': null }, 'IncompleteSignature'],
    ['with a date that is none', { 'x-amz-date': '99999999T999999Z' }, 'IncompleteSignature'],
    ['with another date', { 'x-amz-date': '20270101T000001Z' }, 'SignatureDoesNotMatch'],
  ])('%s', async (_name, changes, code) => {
    const request = await stage.signed(body)
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) request.headers.delete(name)
      else request.headers.set(name, value)
    }
    expect((await stage.send(request)).code).toBe(code)
  })

  test('a body or an address that was not signed', async () => {
    const other = await stage.signed(body)
    expect(
      (await stage.send(new Request(other, { method: 'POST', body: `${body}&PageSize=1` }))).code,
    ).toBe('SignatureDoesNotMatch')
    const { headers } = await stage.signed(body)
    const elsewhere = new Request(`${endpoint}?a=b`, { method: 'POST', headers, body })
    expect((await stage.send(elsewhere)).code).toBe('SignatureDoesNotMatch')
  })

  test('what changes something is done once; what looks may look again', async () => {
    const create = new URLSearchParams({
      Action: 'CreateTrustStore',
      Version: '2015-12-01',
      Name: 'cars',
      CaCertificatesBundleS3Bucket: 'trust',
      CaCertificatesBundleS3Key: 'bundle.pem',
    }).toString()
    const request = await stage.signed(create)
    expect((await stage.send(request.clone())).status).toBe(200)
    expect((await stage.send(request.clone())).code).toBe('RequestReplayed')
    // As long as the signature itself holds.
    stage.plane.clock.advance(5 * 60_000)
    expect((await stage.send(request.clone())).code).toBe('RequestReplayed')
    stage.plane.clock.advance(1000)
    expect((await stage.send(request)).code).toBe('SignatureDoesNotMatch')
    const look = await stage.signed(body)
    expect((await stage.send(look.clone())).status).toBe(200)
    expect((await stage.send(look)).status).toBe(200)
  })

  test.each([
    ['an unknown operation', { Action: 'CreateRule', Version: '2015-12-01' }, 'InvalidAction'],
    ['another version', { Action: 'DescribeTrustStores', Version: '2012-06-01' }, 'InvalidAction'],
    ['none', { Version: '2015-12-01' }, 'MissingAction'],
    [
      'a parameter that is a value and a list',
      { Action: 'AddTags', Version: '2015-12-01', Tags: '1', 'Tags.member.1.Key': 'a' },
      'ValidationError',
    ],
    [
      'a page of none',
      { Action: 'DescribeTrustStores', Version: '2015-12-01', PageSize: '0' },
      'ValidationError',
    ],
    [
      'a page of more than 400',
      { Action: 'DescribeTrustStores', Version: '2015-12-01', PageSize: '401' },
      'ValidationError',
    ],
  ])('%s', async (_name, form, code) => {
    const request = await stage.signed(new URLSearchParams(form).toString())
    expect(await stage.send(request)).toMatchObject({ status: 400, code })
  })

  test('more than a quarter of a megabyte is not read', async () => {
    const answer = await stage.send(await stage.signed('a='.padEnd(256 * 1024 + 1, 'b')))
    expect(answer).toMatchObject({ status: 400, code: 'ValidationError' })
  })
})
