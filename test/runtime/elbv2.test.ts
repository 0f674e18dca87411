import {
  AddTrustStoreRevocationsCommand,
  CreateListenerCommand,
  CreateTrustStoreCommand,
  DeleteListenerCommand,
  DeleteTrustStoreCommand,
  DescribeTrustStoresCommand,
  ElasticLoadBalancingV2Client,
  GetTrustStoreCaCertificatesBundleCommand,
  ModifyListenerAttributesCommand,
  ModifyListenerCommand,
  paginateDescribeTrustStores,
  RemoveTrustStoreRevocationsCommand,
  TrustStoreInUseException,
  TrustStoreNotFoundException,
  InvalidRevocationContentException,
  CaCertificatesBundleNotFoundException,
} from '@aws-sdk/client-elastic-load-balancing-v2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toUtf8 } from '#shared/bytes.ts'
import { balancer, credentials, startElbv2, type Elbv2Runtime } from './elbv2-stage.ts'

/**
 * AWS's own SDK, unmodified, against the control plane in workerd, and an edge worker that does what
 * its listener says: the flow of AWS's announcement of mutual TLS, on the machine's own clock.
 */
let stage: Elbv2Runtime
let elb: ElasticLoadBalancingV2Client

beforeAll(async () => {
  stage = await startElbv2()
  elb = client()
}, 120_000)

afterAll(async () => {
  elb.destroy()
  await stage.dispose()
})

type Options = ConstructorParameters<typeof ElasticLoadBalancingV2Client>[0]

const client = (options: Options = {}): ElasticLoadBalancingV2Client =>
  new ElasticLoadBalancingV2Client({
    endpoint: stage.endpoint,
    region: 'us-east-1',
    credentials,
    maxAttempts: 1,
    ...options,
  })

const action = { Type: 'forward', TargetGroupArn: 'arn:aws:elasticloadbalancing:x' } as const

const contents = (keys: readonly string[]) =>
  keys.map((S3Key) => ({ S3Bucket: 'fleet-trust', S3Key }))

test('while there is no listener nobody is let in', async () => {
  expect(await stage.knock(await stage.issue('car-0'))).toMatchObject({
    status: 503,
    body: { code: 'trust_store_unavailable' },
  })
})

const ignoring = (
  ListenerArn: string,
  TrustStoreArn: string,
  IgnoreClientCertificateExpiry: boolean,
) =>
  elb.send(
    new ModifyListenerCommand({
      ListenerArn,
      MutualAuthentication: { Mode: 'verify', TrustStoreArn, IgnoreClientCertificateExpiry },
    }),
  )

const make = (name: string, key = 'bundle.pem') =>
  new CreateTrustStoreCommand({
    Name: name,
    CaCertificatesBundleS3Bucket: 'fleet-trust',
    CaCertificatesBundleS3Key: key,
  })

describe('from a bucket to a refused device', () => {
  let store: string
  let listener: string
  let revocations: readonly number[]

  test('a trust store is created from a bucket', async () => {
    const { TrustStores } = await elb.send(
      new CreateTrustStoreCommand({
        Name: 'cars',
        CaCertificatesBundleS3Bucket: 'fleet-trust',
        CaCertificatesBundleS3Key: 'bundle.pem',
        Tags: [{ Key: 'fleet', Value: 'cars' }],
      }),
    )
    expect(TrustStores).toEqual([
      {
        Name: 'cars',
        TrustStoreArn: expect.stringMatching(
          /^arn:aws:elasticloadbalancing:us-east-1:123456789012:truststore\/cars\/[0-9a-f]{16}$/,
        ),
        Status: 'ACTIVE',
        NumberOfCaCertificates: 1,
        TotalRevokedEntries: 0,
      },
    ])
    store = TrustStores?.[0]?.TrustStoreArn ?? ''
  })

  test('revocation lists are added', async () => {
    const { TrustStoreRevocations = [] } = await elb.send(
      new AddTrustStoreRevocationsCommand({
        TrustStoreArn: store,
        RevocationContents: contents(await stage.putLists('first')),
      }),
    )
    expect(TrustStoreRevocations).toMatchObject([
      { TrustStoreArn: store, RevocationId: 1, RevocationType: 'CRL', NumberOfRevokedEntries: 0 },
      { RevocationId: 2 },
    ])
    revocations = TrustStoreRevocations.map(({ RevocationId = 0 }) => RevocationId)
  })

  test('a listener with mutual authentication: a device is in, with ALB’s headers', async () => {
    const { Listeners } = await elb.send(
      new CreateListenerCommand({
        LoadBalancerArn: balancer,
        Protocol: 'HTTPS',
        Port: 443,
        Certificates: [{ CertificateArn: 'arn:aws:acm:us-east-1:123456789012:certificate/x' }],
        DefaultActions: [action],
        MutualAuthentication: { Mode: 'verify', TrustStoreArn: store },
      }),
    )
    expect(Listeners).toMatchObject([
      {
        Port: 443,
        Protocol: 'HTTPS',
        DefaultActions: [action],
        MutualAuthentication: {
          Mode: 'verify',
          TrustStoreArn: store,
          IgnoreClientCertificateExpiry: false,
          TrustStoreAssociationStatus: 'active',
        },
      },
    ])
    listener = Listeners?.[0]?.ListenerArn ?? ''
    expect(await stage.knock(await stage.issue('car-1'))).toMatchObject({
      status: 200,
      body: { 'x-amzn-mtls-clientcert-subject': expect.stringContaining('car-1') },
    })
  })

  test('a store that a listener uses is not deleted, by the SDK’s own exception', async () => {
    const deletion = elb.send(new DeleteTrustStoreCommand({ TrustStoreArn: store }))
    await expect(deletion).rejects.toBeInstanceOf(TrustStoreInUseException)
  })

  test('a device is revoked: out, and the other one stays in', async () => {
    const [lost, other] = [await stage.issue('car-2'), await stage.issue('car-3')]
    expect([(await stage.knock(lost)).status, (await stage.knock(other)).status]).toEqual([
      200, 200,
    ])
    stage.revoke(lost)
    const next = contents(await stage.putLists('second', 30_000))
    await elb.send(
      new AddTrustStoreRevocationsCommand({ TrustStoreArn: store, RevocationContents: next }),
    )
    expect(await stage.knock(lost)).toMatchObject({ status: 403, body: { code: 'revoked' } })
    expect((await stage.knock(other)).status).toBe(200)
    // Then the old ones go, as ALB's users do it: what was revoked stays so.
    await elb.send(
      new RemoveTrustStoreRevocationsCommand({
        TrustStoreArn: store,
        RevocationIds: [...revocations],
      }),
    )
    expect(await stage.knock(lost)).toMatchObject({ status: 403, body: { code: 'revoked' } })
    const { TrustStores } = await elb.send(new DescribeTrustStoresCommand({ Names: ['cars'] }))
    expect(TrustStores).toMatchObject([{ TotalRevokedEntries: 1 }])
  })

  test('expired certificates are let in, and no longer, as the listener says', async () => {
    const expired = await stage.issue('car-4', -1)
    expect(await stage.knock(expired)).toMatchObject({ status: 403, body: { code: 'expired' } })
    await ignoring(listener, store, true)
    expect((await stage.knock(expired)).status).toBe(200)
    await ignoring(listener, store, false)
    expect(await stage.knock(expired)).toMatchObject({ status: 403, body: { code: 'expired' } })
  })

  test('headers are renamed, and a client’s copy of the new name is taken away', async () => {
    const Key = 'routing.http.request.x_amzn_mtls_clientcert_subject.header_name'
    const rename = (Value: string) =>
      elb.send(
        new ModifyListenerAttributesCommand({
          ListenerArn: listener,
          Attributes: [{ Key, Value }],
        }),
      )
    await rename('X-Fleet-Subject')
    const forged = { 'x-fleet-subject': 'CN=forged', x_fleet_subject: 'CN=forged' }
    const { body } = await stage.knock(await stage.issue('car-5'), forged)
    expect(body).toMatchObject({
      'x-fleet-subject': expect.stringContaining('car-5'),
      'x-amzn-mtls-clientcert-leaf': expect.any(String),
    })
    expect(body).not.toHaveProperty('x-amzn-mtls-clientcert-subject')
    expect(body).not.toHaveProperty('x_fleet_subject')
    await elb.send(
      new ModifyListenerCommand({
        ListenerArn: listener,
        MutualAuthentication: { Mode: 'off' },
      }),
    )
    // Nothing is written in this mode: what the target sees under the name would be the client's.
    expect((await stage.knock(await stage.issue('car-6'), forged)).body).not.toHaveProperty(
      'x-fleet-subject',
    )
    await rename('')
  })

  test('passthrough: the whole chain is the target’s to decide on', async () => {
    await elb.send(
      new ModifyListenerCommand({
        ListenerArn: listener,
        MutualAuthentication: { Mode: 'passthrough' },
      }),
    )
    expect(await stage.knock(await stage.issue('car-7'))).toMatchObject({
      status: 200,
      body: { 'x-amzn-mtls-clientcert': expect.stringContaining('BEGIN%20CERTIFICATE') },
    })
  })

  test('the bundle is at an address for ten minutes, signed', async () => {
    const { Location = '' } = await elb.send(
      new GetTrustStoreCaCertificatesBundleCommand({ TrustStoreArn: store }),
    )
    expect(Location.startsWith(stage.endpoint)).toBe(true)
    expect(await (await fetch(Location)).text()).toBe(stage.anchorsPem)
    expect((await fetch(Location.replace('Expires=', 'Expires=1'))).status).toBe(403)
  })

  test('the listener is deleted, and nobody is let in; then the store may go', async () => {
    await elb.send(new DeleteListenerCommand({ ListenerArn: listener }))
    expect(await stage.knock(await stage.issue('car-8'))).toMatchObject({ status: 503 })
    await elb.send(new DeleteTrustStoreCommand({ TrustStoreArn: store }))
    const gone = elb.send(new DescribeTrustStoresCommand({ TrustStoreArns: [store] }))
    await expect(gone).rejects.toBeInstanceOf(TrustStoreNotFoundException)
  })
})

const createFromS3 = (version: string) =>
  elb.send(
    new CreateTrustStoreCommand({
      Name: 'meters',
      CaCertificatesBundleS3Bucket: 'elsewhere',
      CaCertificatesBundleS3Key: 'the bundle.pem',
      CaCertificatesBundleS3ObjectVersion: version,
    }),
  )

test('a bucket of another service than Cloudflare’s, of a certain version', async () => {
  stage.putS3('/elsewhere/the%20bundle.pem', toUtf8(stage.anchorsPem))
  await expect(createFromS3('v2')).rejects.toBeInstanceOf(CaCertificatesBundleNotFoundException)
  const { TrustStores } = await createFromS3('v1')
  expect(TrustStores).toMatchObject([{ Name: 'meters', NumberOfCaCertificates: 1 }])
})

describe('what is wrong is told as AWS tells it', () => {
  test('files that are missing, and files that are no lists', async () => {
    await expect(elb.send(make('x', 'missing.pem'))).rejects.toBeInstanceOf(
      CaCertificatesBundleNotFoundException,
    )
    const { TrustStores } = await elb.send(make('y'))
    await stage.putFile('page.pem', toUtf8('<html>503</html>'))
    const adding = elb.send(
      new AddTrustStoreRevocationsCommand({
        TrustStoreArn: TrustStores?.[0]?.TrustStoreArn ?? '',
        RevocationContents: [{ S3Bucket: 'fleet-trust', S3Key: 'page.pem' }],
      }),
    )
    await expect(adding).rejects.toBeInstanceOf(InvalidRevocationContentException)
  })

  test.each([
    ['another secret', { credentials: { ...credentials, secretAccessKey: 'x'.repeat(40) } }],
    ['another region', { region: 'eu-west-1' }],
    ['a clock ten minutes behind', { systemClockOffset: -600_000 }],
  ] satisfies readonly (readonly [string, Options])[])('%s', async (_name, options) => {
    const other = client(options)
    await expect(other.send(new DescribeTrustStoresCommand({}))).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
      $metadata: { httpStatusCode: 403 },
    })
    other.destroy()
  })

  test('a request that was heard on the way is not made again', async () => {
    let heard: { readonly headers: Record<string, string>; readonly body: unknown } | undefined
    const observed = client()
    observed.middlewareStack.add(
      (next) => async (args) => {
        heard = args.request as typeof heard
        return next(args)
      },
      { step: 'finalizeRequest', priority: 'low' },
    )
    await observed.send(make('z'))
    observed.destroy()
    const again = await fetch(stage.endpoint, {
      method: 'POST',
      headers: heard?.headers ?? {},
      body: String(heard?.body),
    })
    expect(again.status).toBe(400)
    expect(await again.text()).toContain('<Code>RequestReplayed</Code>')
  })

  test('the SDK’s paginator walks over all stores', async () => {
    const names: unknown[] = []
    for await (const page of paginateDescribeTrustStores({ client: elb, pageSize: 1 }, {})) {
      expect(page.TrustStores).toHaveLength(1)
      names.push(page.TrustStores?.[0]?.Name)
    }
    expect(names).toEqual(['meters', 'y', 'z'])
  })
})
