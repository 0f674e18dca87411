import { DeleteObjectCommand, PutObjectCommand, S3 } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { configuredApp } from '#edge/configured-app.ts'
import { createLambdaHandler } from '#edge/lambda.ts'
import { s3TrustFiles, type ReadableS3 } from '#edge/trust-stores/s3-trust-files.ts'
import { toUtf8, type Bytes } from '#shared/bytes.ts'
import { writeAlbPassthrough } from '#shared/wire/alb.ts'
import type { DeviceCredential } from '#simulator/ca/authority.ts'
import { hasSwift, startSwift, type RunningS3 } from '../../interop/s3/swift.ts'
import { chainOf } from '../../runtime/given.ts'
import { createPki, setClock, staleMs, start, type Pki } from '../stage.ts'

const at = new Date('2027-01-01T00:00:00Z')
const listedOf = (Key: string) => ({ Key, ETag: `"${Key}"`, LastModified: at })

/** A client that answers with these pages of keys, and with a key's own octets. */
function clientOf(pages: readonly (readonly string[])[], broken: Partial<ReadableS3> = {}) {
  const asked: unknown[] = []
  const client: ReadableS3 = {
    async listObjectsV2(page) {
      asked.push(page)
      const nth = Number(page.ContinuationToken ?? 0)
      const Contents = pages[nth]?.map(listedOf)
      return { Contents, ...(nth + 1 < pages.length && { NextContinuationToken: `${nth + 1}` }) }
    },
    async getObject(named) {
      asked.push(named)
      return { Body: { transformToByteArray: async () => toUtf8(named.Key) } }
    },
    ...broken,
  }
  return { client, asked }
}

test('names below the prefix, page by page', async () => {
  const { client, asked } = clientOf([['cars/anchors.pem'], ['cars/crl/a.crl']])
  const listed = await s3TrustFiles(client, 'fleet', 'cars/').list()
  expect(listed).toEqual([
    { name: 'anchors.pem', version: '"cars/anchors.pem"', writtenAt: at.getTime() },
    { name: 'crl/a.crl', version: '"cars/crl/a.crl"', writtenAt: at.getTime() },
  ])
  expect(asked).toEqual([
    { Bucket: 'fleet', Prefix: 'cars/' },
    { Bucket: 'fleet', Prefix: 'cars/', ContinuationToken: '1' },
  ])
})

test('a bucket of its own', async () => {
  const files = s3TrustFiles(clientOf([['anchors.pem']]).client, 'fleet')
  expect((await files.list()).map(({ name }) => name)).toEqual(['anchors.pem'])
  expect(await files.read('anchors.pem')).toEqual(toUtf8('anchors.pem'))
})

test('no object at all', async () => {
  expect(await s3TrustFiles(clientOf([]).client, 'fleet').list()).toEqual([])
})

test('a prefix that is no folder’s', () => {
  expect(() => s3TrustFiles(clientOf([]).client, 'fleet', 'cars')).toThrow('ends in /')
})

test('a listing that does not end is no trust store', async () => {
  const pages = Array.from({ length: 11 }, () => ['anchors.pem'])
  await expect(s3TrustFiles(clientOf(pages).client, 'fleet').list()).rejects.toThrow('10 pages')
})

test.each(['Key', 'ETag', 'LastModified'])('an object without its %s', async (field) => {
  const listObjectsV2 = async () => ({ Contents: [{ ...listedOf('a'), [field]: undefined }] })
  const { client } = clientOf([], { listObjectsV2 })
  await expect(s3TrustFiles(client, 'fleet').list()).rejects.toThrow('without its')
})

test('an object that has gone since it was listed, and one that cannot be had', async () => {
  const failing = (name: string) => {
    const getObject = () => Promise.reject(Object.assign(new Error('no'), { name }))
    return s3TrustFiles(clientOf([], { getObject }).client, 'fleet')
  }
  expect(await failing('NoSuchKey').read('anchors.pem')).toBeUndefined()
  await expect(failing('AccessDenied').read('anchors.pem')).rejects.toThrow('no')
  const bodiless = clientOf([], { getObject: async () => ({}) })
  await expect(s3TrustFiles(bodiless.client, 'fleet').read('a')).rejects.toThrow('without a body')
})

const Bucket = 'fleet-trust'
const prefix = 'trust-stores/default/'

/** AWS's own client, unmodified, between a Lambda handler and an S3 service of somebody else's. */
describe.skipIf(!hasSwift)('a trust store in a bucket of OpenStack Swift', () => {
  let service: RunningS3
  let s3: S3
  let pki: Pki

  beforeAll(async () => {
    service = await startSwift()
    const { endpoint, region, accessKeyId, secretAccessKey } = service
    const credentials = { accessKeyId, secretAccessKey }
    s3 = new S3({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 })
    await s3.createBucket({ Bucket })
    pki = await createPki()
  }, 120_000)

  afterAll(async () => {
    s3.destroy()
    await service.stop()
  })

  const put = (name: string, Body: Bytes) =>
    s3.send(new PutObjectCommand({ Bucket, Key: `${prefix}${name}`, Body }))

  async function publish(): Promise<void> {
    for (const { name, der } of await pki.authority.crls(start, 90 * 86_400_000)) {
      await put(`crl/${name}`, der)
    }
  }

  test('a device is in, revoked by a list that is written to the bucket, and out', async () => {
    await put('anchors.pem', toUtf8(pki.authority.anchorsPem))
    await publish()
    const clock = setClock()
    const { app, listener } = await configuredApp(
      { PLATFORM: 'alb', ALB_MODE: 'passthrough', HOP: 'network', CONNECTION_LOG: 'off' },
      { trustFiles: s3TrustFiles(s3, Bucket, prefix), clock },
    )
    const handler = createLambdaHandler(app, listener.platform)
    const statusOf = async (device: DeviceCredential): Promise<number> => {
      const headers = Object.fromEntries(writeAlbPassthrough(chainOf(device)))
      const elb = { targetGroupArn: 'arn:aws:elasticloadbalancing:x:1:targetgroup/a/b' }
      const event = { requestContext: { elb }, httpMethod: 'GET', path: '/', headers }
      return (await handler(event)).statusCode
    }
    const [lost, other] = [await pki.issue('car-1'), await pki.issue('car-2')]
    expect([await statusOf(lost), await statusOf(other)]).toEqual([200, 200])
    pki.authority.revoke(lost.serial, start, 'keyCompromise')
    await publish()
    // What was listed within the bound is not listed again.
    expect(await statusOf(lost)).toBe(200)
    clock.advance(staleMs)
    expect([await statusOf(lost), await statusOf(other)]).toEqual([403, 200])
  })

  test('more objects than one page holds, each by its own name', async () => {
    const paged = {
      listObjectsV2: (page: Parameters<S3['listObjectsV2']>[0]) =>
        s3.listObjectsV2({ ...page, MaxKeys: 1 }),
      getObject: (object: Parameters<S3['getObject']>[0]) => s3.getObject(object),
    }
    const whole = await s3TrustFiles(s3, Bucket, prefix).list()
    expect(whole.map(({ name }) => name)).toContain('anchors.pem')
    expect(await s3TrustFiles(paged, Bucket, prefix).list()).toEqual(whole)
  })

  test('a version changes with the octets, and an object that is gone is told apart', async () => {
    const files = s3TrustFiles(s3, Bucket, prefix)
    const versionOf = async (name: string) =>
      (await files.list()).find((file) => file.name === name)?.version
    await put('crl/extra.crl', toUtf8('a'))
    const before = await versionOf('crl/extra.crl')
    expect(await files.read('crl/extra.crl')).toEqual(toUtf8('a'))
    await put('crl/extra.crl', toUtf8('b'))
    expect(await versionOf('crl/extra.crl')).not.toBe(before)
    await s3.send(new DeleteObjectCommand({ Bucket, Key: `${prefix}crl/extra.crl` }))
    expect(await files.read('crl/extra.crl')).toBeUndefined()
    await expect(s3TrustFiles(s3, 'nobodys-bucket').list()).rejects.toMatchObject({
      name: 'NoSuchBucket',
    })
  })
})
