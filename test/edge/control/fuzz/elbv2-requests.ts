import { createHash, createHmac } from 'node:crypto'
import type { Scope } from '#edge/control/tokens.ts'
import { chance, pick, type Random } from '#simulator/random.ts'
import { mutateText } from '../../../fuzz/text-mutations.ts'
import { where } from '../elbv2/stage.ts'
import { strangeText } from './bend.ts'
import { headerText } from './json-requests.ts'
import { keyOf, names, type Person, type Vocabulary } from './world.ts'

/** A request to the ELBv2 API, before it is sent. */
export interface Elbv2Request {
  readonly who: Person
  readonly action: string
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Whether its signature is still that of what is sent, here and now. */
  readonly isSigned: boolean
}

/** Names and values, a name as often as it comes. */
type Pairs = readonly (readonly [name: string, value: string])[]

type Parameters = Readonly<Record<string, string>>

type Make = (words: Vocabulary, random: Random) => Parameters

const bundle: Make = ({ keys }, random) => ({
  CaCertificatesBundleS3Bucket: 'trust',
  CaCertificatesBundleS3Key: pick(random, keys),
})

const mutual: Make = ({ storeArns }, random) => ({
  'MutualAuthentication.Mode': 'verify',
  'MutualAuthentication.TrustStoreArn': pick(random, storeArns),
  'MutualAuthentication.IgnoreClientCertificateExpiry': 'true',
})

const ofStore: Make = ({ storeArns }, random) => ({ TrustStoreArn: pick(random, storeArns) })
const ofListener: Make = ({ listenerArns }, random) => ({ ListenerArn: pick(random, listenerArns) })

const tags: Make = (_words, random) => ({
  'Tags.member.1.Key': pick(random, ['team', 'stage']),
  'Tags.member.1.Value': 'fleet',
  'Tags.member.2.Key': 'more',
  'Tags.member.2.Value': '',
})

const resources: Make = ({ storeArns, listenerArns }, random) => ({
  'ResourceArns.member.1': pick(random, [...storeArns, ...listenerArns]),
  ...(chance(random, 0.5) && { 'ResourceArns.member.2': pick(random, storeArns) }),
})

const attribute = 'routing.http.request.x_amzn_mtls_clientcert_leaf.header_name'

/** Every operation whole, and the scopes one of which whoever changes something by it needs. */
const operations: Readonly<Record<string, { readonly scope: Scope; readonly of: Make }>> = {
  CreateTrustStore: {
    scope: 'admin',
    of: (words, random) => ({
      Name: pick(random, ['vans', 'cars', 'meters']),
      ...bundle(words, random),
      ...tags(words, random),
    }),
  },
  ModifyTrustStore: {
    scope: 'write',
    of: (words, random) => ({ ...ofStore(words, random), ...bundle(words, random) }),
  },
  DeleteTrustStore: { scope: 'admin', of: ofStore },
  DescribeTrustStores: {
    scope: 'read',
    of: ({ storeArns }, random) => ({
      'TrustStoreArns.member.1': pick(random, storeArns),
      PageSize: pick(random, ['1', '400']),
      Marker: '0-0',
    }),
  },
  DescribeTrustStoreAssociations: { scope: 'read', of: ofStore },
  DeleteSharedTrustStoreAssociation: {
    scope: 'admin',
    of: (words, random) => ({
      ...ofStore(words, random),
      ResourceArn: pick(random, words.listenerArns),
    }),
  },
  GetTrustStoreCaCertificatesBundle: { scope: 'read', of: ofStore },
  GetResourcePolicy: {
    scope: 'read',
    of: ({ storeArns }, random) => ({ ResourceArn: pick(random, storeArns) }),
  },
  AddTrustStoreRevocations: {
    scope: 'revoke',
    of: (words, random) => ({
      ...ofStore(words, random),
      'RevocationContents.member.1.RevocationType': 'CRL',
      'RevocationContents.member.1.S3Bucket': 'trust',
      'RevocationContents.member.1.S3Key': pick(random, words.keys),
      'RevocationContents.member.1.S3ObjectVersion': '1',
    }),
  },
  RemoveTrustStoreRevocations: {
    scope: 'write',
    of: (words, random) => ({
      ...ofStore(words, random),
      'RevocationIds.member.1': pick(random, ['1', '2']),
    }),
  },
  DescribeTrustStoreRevocations: {
    scope: 'read',
    of: (words, random) => ({ ...ofStore(words, random), 'RevocationIds.member.1': '1' }),
  },
  GetTrustStoreRevocationContent: {
    scope: 'read',
    of: (words, random) => ({ ...ofStore(words, random), RevocationId: '1' }),
  },
  CreateListener: {
    scope: 'admin',
    of: (words, random) => ({
      LoadBalancerArn: words.balancer,
      Protocol: 'HTTPS',
      Port: pick(random, ['444', '443']),
      SslPolicy: 'ELBSecurityPolicy-TLS13-1-2-2021-06',
      'Certificates.member.1.CertificateArn': 'arn:aws:acm:us-east-1:123456789012:certificate/1',
      'DefaultActions.member.1.Type': 'forward',
      'DefaultActions.member.1.TargetGroupArn': 'arn:aws:elasticloadbalancing:group',
      ...mutual(words, random),
      ...tags(words, random),
    }),
  },
  ModifyListener: {
    scope: 'write',
    of: (words, random) => ({
      ...ofListener(words, random),
      Port: pick(random, ['443', '445', '8443']),
      ...mutual(words, random),
    }),
  },
  DeleteListener: { scope: 'admin', of: ofListener },
  DescribeListeners: {
    scope: 'read',
    of: ({ listenerArns }, random) => ({ 'ListenerArns.member.1': pick(random, listenerArns) }),
  },
  DescribeListenerAttributes: { scope: 'read', of: ofListener },
  ModifyListenerAttributes: {
    scope: 'write',
    of: (words, random) => ({
      ...ofListener(words, random),
      'Attributes.member.1.Key': attribute,
      'Attributes.member.1.Value': pick(random, ['X-Leaf', '', 'Cookie']),
    }),
  },
  AddTags: {
    scope: 'write',
    of: (words, random) => ({ ...resources(words, random), ...tags(words, random) }),
  },
  RemoveTags: {
    scope: 'write',
    of: (words, random) => ({ ...resources(words, random), 'TagKeys.member.1': 'team' }),
  },
  DescribeTags: { scope: 'read', of: resources },
}

const actions = Object.keys(operations)

/** What an operation that changed something took; undefined for one that there is not. */
export function scopeOfAction(action: string): Scope | undefined {
  return operations[action]?.scope
}

/** A whole request, and what is otherwise of it: nothing in one of ten, its signature in one of six. */
export function elbv2Request(words: Vocabulary, random: Random, now: number): Elbv2Request {
  const action = pick(random, actions)
  const who = pick(random, ['alice', 'alice', ...names] as const)
  const isWhole = chance(random, 0.1)
  const pairs: Pairs = [
    ['Action', action],
    ['Version', '2015-12-01'],
    ...Object.entries(operations[action]?.of(words, random) ?? {}),
    // Every request is another, as those of AWS's tools are by the id of their invocation.
    ['Asked', String(random.next())],
  ]
  const bent = isWhole ? pairs : bentPairs(pairs, random)
  const form = bent.map(([name, value]): [string, string] => [name, value])
  const whole = new URLSearchParams(form).toString()
  const isMangled = !isWhole && chance(random, 0.05)
  const body = (isMangled ? mutateText(whole, '&Tags.member.1=x', random) : whole).toWellFormed()
  const request = { who, action, method: 'POST', path: '/', body }
  const signed = { ...request, headers: signedHeaders(body, who, now), isSigned: true }
  return !isWhole && chance(random, 0.15) ? bentSignature(signed, random, now) : signed
}

function bentPairs(pairs: Pairs, random: Random): Pairs {
  const bent = [...pairs]
  do {
    const at = Math.floor(random.next() * bent.length)
    const [name = '', value = ''] = bent[at] ?? []
    const ways: readonly (() => void)[] = [
      () => bent.splice(at, 1),
      () => bent.splice(at, 1, [name, strangeText(random)]),
      () => bent.splice(at, 1, [name, mutateText(value, 'arn:aws:', random)]),
      () => bent.splice(at, 1, [strangeName(name, random), value]),
      () => bent.push([strangeName(name, random), value]),
      () => bent.push([name, strangeText(random)]),
      () => bent.push(...members(name, value, pick(random, [2, 21, 51, 1001]))),
    ]
    pick(random, ways)()
  } while (chance(random, 0.4) && bent.length > 0)
  return bent
}

const strangeName = (name: string, random: Random): string =>
  pick(random, [
    `${name}.member.1`,
    `${name}.member.x`,
    `${name}.Key`,
    name.replace('member.1', 'member.0'),
    name.replace('member.1', 'member.1e3'),
    name.replace('.member.1', ''),
    name.toLowerCase(),
    `__proto__.${name}`,
    'constructor.prototype.x',
    `${name}.`,
    '.',
    `${'a.'.repeat(9)}b`,
  ])

/** One value many times over. */
function members(name: string, value: string, count: number): Pairs {
  const list = name.replace(/\.member\..*$/, '')
  const rest = /\.member\.\d+(\..*)$/.exec(name)?.[1] ?? ''
  return Array.from({ length: count }, (_, at) => [
    `${list}.member.${at + 1}${rest}`,
    `${value}${at}`,
  ])
}

const dateOf = (ms: number): string => new Date(ms).toISOString().replaceAll(/[:-]|\.\d{3}/g, '')

interface SignedAs {
  readonly date?: string
  readonly region?: string
  readonly service?: string
  readonly secret?: string
}

/** Signature Version 4, by Node's own functions: nothing of it is what checks it. */
function signedHeaders(
  body: string,
  who: Person,
  now: number,
  {
    date = dateOf(now),
    region = where.region,
    service = 'elasticloadbalancing',
    ...as
  }: SignedAs = {},
): Readonly<Record<string, string>> {
  const { accessKeyId, secretAccessKey } = keyOf(who)
  const day = date.slice(0, 8)
  const type = 'application/x-www-form-urlencoded'
  const listed = 'content-type;host;x-amz-date'
  const canonical = `POST\n/\n\ncontent-type:${type}\nhost:control.example\nx-amz-date:${date}\n\n${listed}\n${sha256(body)}`
  const scope = `${day}/${region}/${service}/aws4_request`
  let key: Buffer | string = `AWS4${as.secret ?? secretAccessKey}`
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest()
  const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`
  const signature = createHmac('sha256', key).update(toSign).digest('hex')
  return {
    'content-type': type,
    'x-amz-date': date,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${listed}, Signature=${signature}`,
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const dates = [
  '99999999T999999Z',
  '20279932T000000Z',
  '20270230T000000Z',
  '00000000T000000Z',
  '20270101',
  '',
]

function bentSignature(request: Elbv2Request, random: Random, now: number): Elbv2Request {
  const { body, who, headers } = request
  const { authorization = '' } = headers
  const without = Object.fromEntries(
    Object.entries(headers).filter(([name]) => name !== 'x-amz-date'),
  )
  const ways: readonly (() => Partial<Elbv2Request>)[] = [
    () => ({ headers: signedHeaders(body, who, now, { date: pick(random, dates) }) }),
    () => ({ headers: signedHeaders(body, who, now, { region: 'eu-west-1' }) }),
    () => ({ headers: signedHeaders(body, who, now, { service: 's3' }) }),
    () => ({ headers: signedHeaders(body, who, now, { secret: 'x'.repeat(40) }) }),
    () => ({ headers: signedHeaders(body, who, now - 6 * 60_000) }),
    () => ({ headers: signedHeaders(body, who, now + 6 * 60_000) }),
    () => ({ headers: without }),
    () => ({ headers: { ...headers, 'x-amz-date': dateOf(now + 1000) } }),
    () => ({ body: `${body}&PageSize=1` }),
    () => ({ path: '/?Action=DescribeTrustStores' }),
    () => ({ headers: { ...headers, authorization: headerText(strangeText(random)) } }),
    () => ({ headers: { ...headers, authorization: bentClaim(authorization, random) } }),
  ]
  return { ...request, ...pick(random, ways)(), isSigned: false }
}

/** White space around a header's value is no part of it, and that after a comma may be left out. */
const bare = (text: string): string => text.replaceAll(/\s/g, '')

/** Other than it was: a change that happens to change nothing is made again. */
function bentClaim(authorization: string, random: Random): string {
  const bent = headerText(mutateText(authorization, authorization, random))
  return bare(bent) === bare(authorization) ? '' : bent
}
