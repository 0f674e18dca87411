import {
  AddTrustStoreRevocationsCommand,
  CaCertificatesBundleNotFoundException,
  CreateListenerCommand,
  CreateTrustStoreCommand,
  DescribeTrustStoresCommand,
  ElasticLoadBalancingV2Client,
  ModifyTrustStoreCommand,
  RevocationContentNotFoundException,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { balancer, credentials, startElbv2, type Elbv2Runtime } from '../../runtime/elbv2-stage.ts'
import { hasSwift, startSwift, type RunningS3 } from './swift.ts'

/**
 * The flow of AWS's announcement of mutual TLS, with both of AWS's own SDKs unmodified and an S3 service
 * of somebody else's: what is PUT into a bucket by the one is read from there by the control plane in
 * workerd, when the other says so.
 */
const Bucket = 'fleet-files'

const make = (Name: string, key: string, version?: string) =>
  new CreateTrustStoreCommand({
    Name,
    CaCertificatesBundleS3Bucket: Bucket,
    CaCertificatesBundleS3Key: key,
    ...(version !== undefined && { CaCertificatesBundleS3ObjectVersion: version }),
  })

describe.skipIf(!hasSwift)('AWS’s SDKs and the S3 API of OpenStack Swift', () => {
  let s3: RunningS3
  let stage: Elbv2Runtime
  let files: S3Client
  let elb: ElasticLoadBalancingV2Client

  beforeAll(async () => {
    s3 = await startSwift()
    stage = await startElbv2(s3)
    const { endpoint, region, accessKeyId, secretAccessKey } = s3
    files = new S3Client({
      endpoint,
      region,
      credentials: { accessKeyId, secretAccessKey },
      forcePathStyle: true,
      maxAttempts: 1,
    })
    elb = new ElasticLoadBalancingV2Client({
      endpoint: stage.endpoint,
      region,
      credentials,
      maxAttempts: 1,
    })
    await files.send(new CreateBucketCommand({ Bucket }))
    const VersioningConfiguration = { Status: 'Enabled' } as const
    await files.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
  }, 120_000)

  afterAll(async () => {
    for (const client of [files, elb]) client.destroy()
    await stage.dispose()
    await s3.stop()
  })

  /** The version that the service made of it. */
  async function put(Key: string, Body: string): Promise<string> {
    const { VersionId = '' } = await files.send(new PutObjectCommand({ Bucket, Key, Body }))
    expect(VersionId).not.toBe('')
    return VersionId
  }

  let store: string
  /** Of `ca/fleet bundle.pem`: the one that is a bundle, and the one that came after it. */
  let bundle: string
  let page: string

  test('a trust store is made of the version of a bundle that is named', async () => {
    bundle = await put('ca/fleet bundle.pem', stage.anchorsPem)
    page = await put('ca/fleet bundle.pem', '<html>503</html>')
    const { TrustStores } = await elb.send(make('cars', 'ca/fleet bundle.pem', bundle))
    expect(TrustStores).toMatchObject([{ Status: 'ACTIVE', NumberOfCaCertificates: 1 }])
    store = TrustStores?.[0]?.TrustStoreArn ?? ''
  })

  test.each([
    ['the latest version, which is a page', undefined],
    ['that version by its name', () => page],
  ])('%s, is no bundle', async (_name, version) => {
    const making = elb.send(make('meters', 'ca/fleet bundle.pem', version?.()))
    await expect(making).rejects.toMatchObject({ name: 'InvalidCaCertificatesBundleException' })
  })

  test('a version, a key or a bucket that is not there is told as AWS tells it', async () => {
    for (const [key, version] of [
      ['ca/fleet bundle.pem', '0000000000.00000'],
      ['ca/none.pem', undefined],
    ] as const) {
      const making = elb.send(make('meters', key, version))
      await expect(making).rejects.toBeInstanceOf(CaCertificatesBundleNotFoundException)
    }
    const elsewhere = new ModifyTrustStoreCommand({
      TrustStoreArn: store,
      CaCertificatesBundleS3Bucket: 'nobodys-bucket',
      CaCertificatesBundleS3Key: 'bundle.pem',
    })
    await expect(elb.send(elsewhere)).rejects.toBeInstanceOf(CaCertificatesBundleNotFoundException)
    const { TrustStores } = await elb.send(new DescribeTrustStoresCommand({}))
    expect(TrustStores?.map(({ Name }) => Name)).toEqual(['cars'])
  })

  const add = (S3Key: string, S3ObjectVersion?: string) =>
    elb.send(
      new AddTrustStoreRevocationsCommand({
        TrustStoreArn: store,
        RevocationContents: [
          {
            S3Bucket: Bucket,
            S3Key,
            RevocationType: 'CRL',
            ...(S3ObjectVersion !== undefined && { S3ObjectVersion }),
          },
        ],
      }),
    )

  test('a device is in by a listener, revoked by a list from the bucket, and out', async () => {
    for (const [nth, pem] of (await stage.lists()).entries()) {
      const version = await put(`crl/${nth}.pem`, pem)
      const { TrustStoreRevocations } = await add(`crl/${nth}.pem`, version)
      expect(TrustStoreRevocations).toMatchObject([{ NumberOfRevokedEntries: 0 }])
    }
    await elb.send(
      new CreateListenerCommand({
        LoadBalancerArn: balancer,
        Protocol: 'HTTPS',
        Port: 443,
        Certificates: [{ CertificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/x' }],
        DefaultActions: [{ Type: 'forward', TargetGroupArn: 'arn:aws:elasticloadbalancing:x' }],
        MutualAuthentication: { Mode: 'verify', TrustStoreArn: store },
      }),
    )
    const [lost, other] = [await stage.issue('car-1'), await stage.issue('car-2')]
    expect([(await stage.knock(lost)).status, (await stage.knock(other)).status]).toEqual([
      200, 200,
    ])
    stage.revoke(lost)
    // The same keys: the bucket's next versions of them. What was copied does not change by itself.
    for (const [nth, pem] of (await stage.lists(30_000)).entries()) await put(`crl/${nth}.pem`, pem)
    expect((await stage.knock(lost)).status).toBe(200)
    for (const nth of [0, 1]) await add(`crl/${nth}.pem`)
    expect(await stage.knock(lost)).toMatchObject({ status: 403, body: { code: 'revoked' } })
    expect((await stage.knock(other)).status).toBe(200)
  })

  test('a list that is not there, and credentials that the service does not know', async () => {
    await expect(add('crl/none.pem')).rejects.toBeInstanceOf(RevocationContentNotFoundException)
    const stranger = new S3Client({
      endpoint: s3.endpoint,
      region: s3.region,
      credentials: { accessKeyId: s3.accessKeyId, secretAccessKey: 'x'.repeat(40) },
      forcePathStyle: true,
      maxAttempts: 1,
    })
    // The service does check whom it answers: what is shown above is shown with signatures that count.
    const putting = stranger.send(new PutObjectCommand({ Bucket, Key: 'x', Body: 'x' }))
    await expect(putting).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' })
    stranger.destroy()
  })
})
