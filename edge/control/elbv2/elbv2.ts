import type { Hono } from 'hono'
import type { Bytes } from '#shared/bytes.ts'
import { err, ok, type Result } from '#shared/result.ts'
import { shift } from '#shared/time.ts'
import { loadObject } from '../../trust-stores/managed/objects.ts'
import type { ControlPlane } from '../control-plane.ts'
import { mayDo } from '../tokens.ts'
import type { ScopedKey } from './access-keys.ts'
import type { Account } from './arns.ts'
import { readBounded, type BucketObjects } from '../../trust-stores/buckets/bucket-objects.ts'
import type { Operation } from './call.ts'
import { awsError, type AwsError } from './errors.ts'
import { AwsFault } from './input.ts'
import { listenerOperations } from './listeners.ts'
import { signerOf } from './object-address.ts'
import { readQuery, type QueryTree } from './query.ts'
import { revocationOperations } from './revocations.ts'
import { checkSigV4, signatureAgeMaxMs, type Signed } from './sigv4.ts'
import { tagOperations } from './tags.ts'
import { trustStoreOperations } from './trust-stores.ts'
import { internalFailure, xmlAnswer, xmlError, type XmlValue } from './xml.ts'

/** What the ELBv2 API is spoken with. */
export interface Elbv2Options {
  readonly keys: readonly ScopedKey[]
  readonly where: Account
  readonly buckets: BucketObjects
}

const operations: ReadonlyMap<string, Operation> = new Map(
  Object.entries<Operation>({
    ...trustStoreOperations,
    ...revocationOperations,
    ...listenerOperations,
    ...tagOperations,
  }),
)

/** `2015-12-01` is the one version of ELBv2 that there is. */
const version = '2015-12-01'

/** 400 ARNs of 256 octets, form-encoded, are half of it. */
const bodyOctetsMax = 256 * 1024

/**
 * The ELBv2 API as AWS's tools speak it: the query protocol, signed with Signature Version 4, at the
 * root of the control plane's host; and under `/objects/` what its pre-signed addresses lead to.
 */
export function addElbv2(app: Hono, plane: ControlPlane, options: Elbv2Options): void {
  app.post('/', async (context) => answer(context.req.raw, plane, options))
  app.get('/objects/:file{[0-9a-f]{64}}', async (context) => {
    const file = context.req.param('file')
    const signer = await signerOf(new URL(context.req.url), file, options.keys, plane.clock.now())
    if (signer === undefined || !mayDo(signer, 'read')) return context.text('AccessDenied', 403)
    return context.body(await loadObject(plane.objects, file), 200, {
      'content-type': 'application/octet-stream',
      'cache-control': 'no-store',
    })
  })
}

/** Errors have AWS's shape, whatever goes wrong. */
async function answer(
  request: Request,
  plane: ControlPlane,
  options: Elbv2Options,
): Promise<Response> {
  const requestId = crypto.randomUUID()
  try {
    const done = await carryOut(request, plane, options)
    return done.ok
      ? xmlAnswer(done.value.action, done.value.result, requestId)
      : xmlError(done.error, requestId)
  } catch (error) {
    if (error instanceof AwsFault) return xmlError(error.error, requestId)
    console.error(
      `request ${requestId} failed: ${error instanceof Error ? error.stack : String(error)}`,
    )
    return xmlError(internalFailure, requestId)
  }
}

interface Done {
  readonly action: string
  readonly result: XmlValue
}

async function carryOut(
  request: Request,
  plane: ControlPlane,
  options: Elbv2Options,
): Promise<Result<Done, AwsError>> {
  const body = await bodyOf(request)
  if (!body.ok) return body
  const signed = await checkSigV4(request, body.value, {
    keys: options.keys,
    region: options.where.region,
    service: 'elasticloadbalancing',
    now: plane.clock.now(),
  })
  if (!signed.ok) return signed
  const input = readQuery(new TextDecoder().decode(body.value))
  if (!input.ok) return input
  const named = operationOf(input.value)
  if (!named.ok) return named
  const { action, operation } = named.value
  if (operation.changes && !(await isFirst(plane, signed.value))) return err(replayed)
  const { key } = signed.value
  const { origin } = new URL(request.url)
  const call = { plane, ...options, key, input: input.value, origin }
  return ok({ action, result: await operation.run(call) })
}

async function bodyOf(request: Request): Promise<Result<Bytes, AwsError>> {
  if (request.body === null) return ok(new Uint8Array())
  const body = await readBounded(request.body, bodyOctetsMax)
  return body.ok ? body : err(awsError('ValidationError', `The request: ${body.error.because}`))
}

function operationOf(
  input: QueryTree,
): Result<{ readonly action: string; readonly operation: Operation }, AwsError> {
  const { Action: action, Version: asked } = input
  if (typeof action !== 'string') {
    return err(awsError('MissingAction', 'The request must contain the parameter Action'))
  }
  const operation = operations.get(action)
  if (operation !== undefined && asked === version) return ok({ action, operation })
  const shown = typeof asked === 'string' ? asked.slice(0, 32) : ''
  return err(
    awsError(
      'InvalidAction',
      `Could not find operation ${action.slice(0, 64)} for version ${shown}`,
    ),
  )
}

/** A signature holds on both sides of its time; as long as it may be shown again it is remembered. */
function isFirst(
  { directory, clock }: ControlPlane,
  { signature }: Signed<ScopedKey>,
): Promise<boolean> {
  return directory.useSignature(signature, shift(clock.now(), 2 * signatureAgeMaxMs))
}

const replayed = awsError(
  'RequestReplayed',
  'This very request was made before. Sign it anew to make it again.',
)
