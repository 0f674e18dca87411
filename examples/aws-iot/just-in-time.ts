import { AwsClient } from 'aws4fetch'
import { handler as validated } from './pre-authentication.ts'

/**
 * AWS IoT Core's just-in-time registration: a device that connects with a certificate of a registered
 * CA for the first time is registered as PENDING_ACTIVATION, and `$aws/events/certificates/registered/#`
 * brings this event by a rule. Verified by the same core, with its revocation lists, the certificate is
 * activated and may do what FLEET_POLICY says; otherwise it is revoked.
 */
export interface RegisteredEvent {
  readonly certificateId: string
  readonly certificateStatus: string
}

const region = process.env['AWS_REGION'] ?? 'us-east-1'
const aws = new AwsClient({
  accessKeyId: process.env['AWS_ACCESS_KEY_ID'] ?? '',
  secretAccessKey: process.env['AWS_SECRET_ACCESS_KEY'] ?? '',
  ...(process.env['AWS_SESSION_TOKEN'] !== undefined && {
    sessionToken: process.env['AWS_SESSION_TOKEN'],
  }),
  service: 'iot',
  region,
})

/** An error is thrown: AWS calls again, and the device stays out until then. */
async function ask(method: string, path: string, body?: object): Promise<unknown> {
  const endpoint = process.env['IOT_ENDPOINT'] ?? `https://iot.${region}.amazonaws.com`
  const response = await aws.fetch(`${endpoint}${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`AWS IoT answers ${response.status} to ${method} ${path}`)
  return response.status === 204 ? undefined : response.json()
}

interface Description {
  readonly certificateDescription: {
    readonly certificatePem: string
    readonly certificateArn: string
  }
}

export async function handler({
  certificateId,
  certificateStatus,
}: RegisteredEvent): Promise<string> {
  if (certificateStatus !== 'PENDING_ACTIVATION') return 'ignored'
  const path = `/certificates/${encodeURIComponent(certificateId)}`
  const { certificateDescription } = (await ask('GET', path)) as Description
  const { certificatePem, certificateArn } = certificateDescription
  const { isAuthenticated } = await validated({
    principalId: certificateId,
    serverName: '',
    clientCertificateChain: [certificatePem],
  })
  if (!isAuthenticated) {
    await ask('PUT', `${path}?newStatus=REVOKED`)
    return 'revoked'
  }
  const policy = encodeURIComponent(process.env['FLEET_POLICY'] ?? 'fleet')
  // What it may do first: an active certificate without a policy is a device that fails at its first word.
  await ask('PUT', `/target-policies/${policy}`, { target: certificateArn })
  await ask('PUT', `${path}?newStatus=ACTIVE`)
  return 'activated'
}
