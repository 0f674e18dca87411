import { execFile, execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { balancer, credentials, startElbv2, type Elbv2Runtime } from '../../runtime/elbv2-stage.ts'

/**
 * The AWS CLI against the control plane in workerd: Debian's, from before trust stores, with the
 * service model beside this file; a newer one takes the same.
 */
const run = promisify(execFile)
const hasAws = isInstalled()

function isInstalled(): boolean {
  try {
    execFileSync('aws', ['--version'], { stdio: 'ignore' })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}

const environment = {
  PATH: process.env['PATH'],
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_DATA_PATH: fileURLToPath(new URL('models', import.meta.url)),
  // Nothing of whoever runs this, and nobody asked for credentials.
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_PAGER: '',
  AWS_MAX_ATTEMPTS: '1',
}

/** A start of the program takes a second or two, and more on a machine that is busy. */
const timeout = 120_000

describe.skipIf(!hasAws)('the AWS CLI', () => {
  let stage: Elbv2Runtime
  let store: string
  let listener: string

  beforeAll(async () => {
    stage = await startElbv2()
  }, timeout)
  afterAll(() => stage.dispose())

  async function elbv2(command: string, region = 'us-east-1'): Promise<string> {
    const given = ['--endpoint-url', stage.endpoint, '--region', region, '--output', 'text']
    const { stdout } = await run('aws', ['elbv2', ...command.split(' '), ...given], {
      env: environment,
    })
    return stdout.trim()
  }

  const knock = async (device: string): Promise<number> =>
    (await stage.knock(await stage.issue(device))).status

  test('a trust store from a bucket, and its revocation lists', { timeout }, async () => {
    store = await elbv2(
      'create-trust-store --name cars --ca-certificates-bundle-s3-bucket fleet-trust --ca-certificates-bundle-s3-key bundle.pem --query TrustStores[0].TrustStoreArn',
    )
    expect(store).toMatch(/:truststore\/cars\/[0-9a-f]{16}$/)
    const contents = (await stage.putLists('first')).map(
      (key) => `S3Bucket=fleet-trust,S3Key=${key},RevocationType=CRL`,
    )
    expect(
      await elbv2(
        `add-trust-store-revocations --trust-store-arn ${store} --query TrustStoreRevocations[].RevocationId --revocation-contents ${contents.join(' ')}`,
      ),
    ).toBe('1\t2')
  })

  test('a listener with mutual authentication: a device is in', { timeout }, async () => {
    expect(await knock('car-1')).toBe(503)
    listener = await elbv2(
      `create-listener --load-balancer-arn ${balancer} --protocol HTTPS --port 443 --certificates CertificateArn=arn:aws:acm:x --default-actions Type=forward,TargetGroupArn=arn:aws:elasticloadbalancing:x --mutual-authentication Mode=verify,TrustStoreArn=${store} --query Listeners[0].ListenerArn`,
    )
    expect(await knock('car-1')).toBe(200)
  })

  test('revoked, and out; the other one stays in', { timeout }, async () => {
    const lost = await stage.issue('car-2')
    stage.revoke(lost)
    const contents = (await stage.putLists('second', 30_000)).map(
      (key) => `S3Bucket=fleet-trust,S3Key=${key}`,
    )
    await elbv2(
      `add-trust-store-revocations --trust-store-arn ${store} --revocation-contents ${contents.join(' ')}`,
    )
    expect(await stage.knock(lost)).toMatchObject({ status: 403, body: { code: 'revoked' } })
    expect(await knock('car-3')).toBe(200)
    expect(
      await elbv2(
        `describe-trust-store-revocations --trust-store-arn ${store} --query TrustStoreRevocations[].[RevocationId,NumberOfRevokedEntries]`,
      ),
    ).toBe('1\t0\n2\t0\n3\t0\n4\t1')
  })

  test('what is wrong is told in AWS’s words', { timeout }, async () => {
    await expect(elbv2(`delete-trust-store --trust-store-arn ${store}`)).rejects.toThrow(
      'An error occurred (TrustStoreInUse) when calling the DeleteTrustStore operation',
    )
    await expect(elbv2('describe-trust-stores', 'eu-west-1')).rejects.toThrow(
      'An error occurred (SignatureDoesNotMatch)',
    )
  })

  test('the listener is modified, and everything taken away', { timeout }, async () => {
    await elbv2(`modify-listener --listener-arn ${listener} --mutual-authentication Mode=off`)
    expect(await knock('car-4')).toBe(200)
    await elbv2(`delete-listener --listener-arn ${listener}`)
    await elbv2(`delete-trust-store --trust-store-arn ${store}`)
    expect(await knock('car-5')).toBe(503)
    expect(await elbv2('describe-trust-stores --query TrustStores')).toBe('')
  })
})
