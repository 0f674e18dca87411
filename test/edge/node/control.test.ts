import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  AddTrustStoreRevocationsCommand,
  CreateTrustStoreCommand,
  DescribeTrustStoresCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { directoryBuckets } from '#edge/node/bucket-directory.ts'
import { serveControlPlane, type NodeControl } from '#edge/node/control.ts'
import { instantFromMs } from '#shared/time.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { createDirectoryPki, type DirectoryPki } from '../../runtime/directory-pki.ts'
import { dayMs } from '../../runtime/given.ts'

let directory: string
let pki: DirectoryPki
const inside = (...names: readonly string[]): string => join(directory, ...names)

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-node-control-'))
  pki = await createDirectoryPki(Date.now())
  await mkdir(inside('buckets', 'trust', 'lists'), { recursive: true })
  await writeFile(inside('buckets', 'trust', 'bundle.pem'), pki.authority.anchorsPem)
  await writeFile(inside('secret'), 'secret')
})
afterAll(async () => {
  await Promise.all([rm(directory, { recursive: true }), pki.remove()])
})

const get = (bucket: string, key: string, version?: string) =>
  directoryBuckets(inside('buckets')).get({ bucket, key, version })

describe('buckets that are folders', () => {
  test('a key is a file below its bucket', async () => {
    expect(await get('trust', 'bundle.pem')).toMatchObject({ ok: true })
  })

  test.each([
    ['one that is not there', 'trust', 'none.pem', undefined],
    ['a folder', 'trust', 'lists', undefined],
    ['one below a file', 'trust', 'bundle.pem/x', undefined],
    ['the folder above', 'trust', '../../secret', undefined],
    ['a bucket that is the folder above', '..', 'secret', undefined],
    ['no bucket', '', 'trust/bundle.pem', undefined],
    ['an absolute one', 'trust', '/etc/passwd', undefined],
    ['a version', 'trust', 'bundle.pem', '1'],
  ])('%s is missing', async (_name, bucket, key, version) => {
    expect(await get(bucket, key, version)).toMatchObject({
      ok: false,
      error: { kind: 'missing' },
    })
  })

  test('a link is followed, as mounted secrets are links', async () => {
    await symlink(inside('secret'), inside('buckets', 'trust', 'linked'))
    expect(await get('trust', 'linked')).toMatchObject({ ok: true })
  })
})

describe('the control plane of one machine', () => {
  let control: NodeControl
  let aws: ElasticLoadBalancingV2Client
  const key = { name: 'ann', accessKeyId: 'AKIAANN0000000000', secretAccessKey: 's'.repeat(40) }

  beforeAll(async () => {
    control = await serveControlPlane({
      directory: inside('control'),
      host: '127.0.0.1',
      port: 0,
      variables: {
        AWS_KEYS: JSON.stringify([{ ...key, scopes: ['read', 'revoke', 'write', 'admin'] }]),
      },
      bucketDirectory: inside('buckets'),
    })
    aws = new ElasticLoadBalancingV2Client({
      endpoint: control.url,
      region: 'us-east-1',
      credentials: key,
    })
  })
  afterAll(async () => {
    aws.destroy()
    await control.close(0)
  })

  const bundle = {
    CaCertificatesBundleS3Bucket: 'trust',
    CaCertificatesBundleS3Key: 'bundle.pem',
  }

  test('AWS’s SDK makes a store of a folder’s bundle, and adds a list of it', async () => {
    const made = await aws.send(new CreateTrustStoreCommand({ Name: 'cars', ...bundle }))
    const [{ TrustStoreArn } = {}] = made.TrustStores ?? []
    const lists = await pki.authority.crls(instantFromMs(Date.now()), dayMs)
    const root = lists.find(({ name }) => name === 'root.crl')
    await writeFile(
      inside('buckets', 'trust', 'lists', 'root.crl'),
      encodePem('X509 CRL', root?.der ?? new Uint8Array()),
    )
    const S3Key = 'lists/root.crl'
    await aws.send(
      new AddTrustStoreRevocationsCommand({
        TrustStoreArn,
        RevocationContents: [{ S3Bucket: 'trust', S3Key, RevocationType: 'CRL' }],
      }),
    )
    const { TrustStores } = await aws.send(new DescribeTrustStoresCommand({ Names: ['cars'] }))
    expect(TrustStores).toMatchObject([{ Status: 'ACTIVE', NumberOfCaCertificates: 1 }])
  })

  test('another secret is refused as AWS refuses it', async () => {
    const other = new ElasticLoadBalancingV2Client({
      endpoint: control.url,
      region: 'us-east-1',
      credentials: { ...key, secretAccessKey: 'x'.repeat(40) },
    })
    await expect(other.send(new DescribeTrustStoresCommand({}))).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
    })
    other.destroy()
  })

  test('a source of a bucket is asked there', async () => {
    const token = readFileSync(inside('control', 'admin.token'), 'utf8').trim()
    const ask = async (path: string, body?: object): Promise<unknown> => {
      const response = await fetch(`${control.url}/api/v1/trust-stores/cars/sources${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      return response.json()
    }
    const source = { kind: 'bucket', location: 'trust/lists/root.crl' }
    expect(await ask('', source)).toMatchObject({ id: 1 })
    expect(await ask('/1/fetch')).toMatchObject({ lastOutcome: { kind: 'taken' } })
  })
})

test('keys that cannot be used are told, and no secret of them', async () => {
  const variables = { AWS_KEYS: '[{"secretAccessKey":"hush"}]' }
  const served = serveControlPlane({
    directory: inside('bad'),
    host: '127.0.0.1',
    port: 0,
    variables,
  })
  await expect(served).rejects.toThrow(/^the variable AWS_KEYS cannot be used: (?!.*hush)/)
})
