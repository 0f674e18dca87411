import { beforeEach, describe, expect, test } from 'vitest'
import { toUtf8, type Bytes } from '#shared/bytes.ts'
import { shift } from '#shared/time.ts'
import { encodePem } from '#shared/wire/pem.ts'
import { dayMs } from '../../../runtime/given.ts'
import { start } from '../../stage.ts'
import { balancer, elbv2Stage, keys, ownToken, type Answer, type Elbv2Stage } from './stage.ts'

let stage: Elbv2Stage

beforeEach(async () => {
  stage = await elbv2Stage()
  const { authority } = stage.pki
  put('bundle.pem', toUtf8(authority.anchorsPem))
  for (const [index, { der }] of (await authority.crls(start, dayMs)).entries()) {
    put(`${index}.crl`, toUtf8(encodePem('X509 CRL', der)))
    put(`${index}.der`, der)
  }
})

const put = (key: string, octets: Bytes): unknown =>
  stage.bucket.objects.set(`trust/${key}`, octets)

const found = (answer: Answer, element: string): string =>
  new RegExp(`<${element}>(.*?)</${element}>`).exec(answer.text)?.[1] ?? ''

const copies = (count: number): Bytes =>
  toUtf8(`${stage.pki.authority.anchorsPem.trim()}\n`.repeat(count))

const bundle = (key = 'bundle.pem') => ({
  CaCertificatesBundleS3Bucket: 'trust',
  CaCertificatesBundleS3Key: key,
})

async function createStore(name = 'cars'): Promise<string> {
  const made = await stage.ask('CreateTrustStore', { Name: name, ...bundle() })
  expect(made).toMatchObject({ status: 200 })
  return found(made, 'TrustStoreArn')
}

const content = (key: string, index = 1): Record<string, string> => ({
  [`RevocationContents.member.${index}.S3Bucket`]: 'trust',
  [`RevocationContents.member.${index}.S3Key`]: key,
})

const listener = (extra: Record<string, string> = {}): Record<string, string> => ({
  LoadBalancerArn: balancer,
  Protocol: 'HTTPS',
  Port: '443',
  'DefaultActions.member.1.Type': 'forward',
  'DefaultActions.member.1.TargetGroupArn': 'arn:aws:elasticloadbalancing:::targetgroup/a/b',
  ...extra,
})

const verify = (arn: string, extra: Record<string, string> = {}): Record<string, string> => ({
  'MutualAuthentication.Mode': 'verify',
  'MutualAuthentication.TrustStoreArn': arn,
  ...extra,
})

async function createListener(extra: Record<string, string> = {}): Promise<string> {
  const made = await stage.ask('CreateListener', listener(extra))
  expect(made).toMatchObject({ status: 200 })
  return found(made, 'ListenerArn')
}

describe('trust stores', () => {
  test('one is made of a bucket’s bundle, with tags, and described', async () => {
    const made = await stage.ask('CreateTrustStore', {
      Name: 'cars',
      ...bundle(),
      'Tags.member.1.Key': 'fleet',
      'Tags.member.1.Value': 'A & B',
    })
    const arn = found(made, 'TrustStoreArn')
    expect(arn).toMatch(
      /^arn:aws:elasticloadbalancing:us-east-1:123456789012:truststore\/cars\/[0-9a-f]{16}$/,
    )
    for (const each of [
      made,
      await stage.ask('DescribeTrustStores', { 'Names.member.1': 'cars' }),
    ]) {
      expect(found(each, 'Status')).toBe('ACTIVE')
      expect(found(each, 'NumberOfCaCertificates')).toBe('1')
      expect(found(each, 'TotalRevokedEntries')).toBe('0')
    }
    const tags = await stage.ask('DescribeTags', { 'ResourceArns.member.1': arn })
    expect(tags.text).toContain(
      '<Tags><member><Key>fleet</Key><Value>A &amp; B</Value></member></Tags>',
    )
  })

  test.each([
    ['a name that is taken', { Name: 'cars', ...bundle() }, 'DuplicateTrustStoreName'],
    ['a name that is none', { Name: '-cars', ...bundle() }, 'ValidationError'],
    ['no name', bundle(), 'ValidationError'],
    ['no bucket', { Name: 'x' }, 'ValidationError'],
    ['an object that is not there', { Name: 'x', ...bundle('y') }, 'CaCertificatesBundleNotFound'],
    ['a file that is no bundle', { Name: 'x', ...bundle('0.crl') }, 'InvalidCaCertificatesBundle'],
    [
      'a tag twice',
      { Name: 'x', ...bundle(), 'Tags.member.1.Key': 'a', 'Tags.member.2.Key': 'a' },
      'DuplicateTagKeys',
    ],
    ['a tag of AWS', { Name: 'x', ...bundle(), 'Tags.member.1.Key': 'aws:a' }, 'ValidationError'],
    [
      'more than fifty tags',
      {
        Name: 'x',
        ...bundle(),
        ...Object.fromEntries(
          Array.from({ length: 51 }, (_, i) => [`Tags.member.${i + 1}.Key`, `k${i}`]),
        ),
      },
      'TooManyTags',
    ],
  ])('%s: %o', async (_name, parameters, code) => {
    await createStore()
    expect(await stage.ask('CreateTrustStore', parameters)).toMatchObject({ status: 400, code })
    expect(await stage.plane.directory.list()).toHaveLength(1)
  })

  test('a bucket that is away is nobody’s fault who asks', async () => {
    stage.bucket.away = { kind: 'unavailable', because: 'it answers 500' }
    expect(await stage.ask('CreateTrustStore', { Name: 'cars', ...bundle() })).toMatchObject({
      status: 503,
      code: 'ServiceUnavailable',
    })
  })

  test('pages: each store once, in the order in which they were made', async () => {
    for (const name of ['b', 'a', 'c']) {
      await createStore(name)
      stage.plane.clock.advance(1)
    }
    const first = await stage.ask('DescribeTrustStores', { PageSize: '2' })
    expect([...first.text.matchAll(/<Name>(.)</g)].map(([, name]) => name)).toEqual(['b', 'a'])
    const rest = await stage.ask('DescribeTrustStores', { Marker: found(first, 'NextMarker') })
    expect([...rest.text.matchAll(/<Name>(.)</g)].map(([, name]) => name)).toEqual(['c'])
    expect(rest.text).not.toContain('NextMarker')
  })

  test('as many as are taken, and not one more', async () => {
    for (const name of ['a', 'b', 'c']) await createStore(name)
    expect(await stage.ask('CreateTrustStore', { Name: 'd', ...bundle() })).toMatchObject({
      status: 400,
      code: 'TooManyTrustStores',
    })
  })

  test('the bundle is replaced as a whole, and never by less than one', async () => {
    const arn = await createStore()
    put('empty.pem', toUtf8('# nothing\n'))
    expect(
      await stage.ask('ModifyTrustStore', { TrustStoreArn: arn, ...bundle('empty.pem') }),
    ).toMatchObject({ status: 400, code: 'InvalidCaCertificatesBundle' })
    const twice = `${stage.pki.authority.anchorsPem.trim()}\n# once more\n${stage.pki.authority.anchorsPem}`
    put('two.pem', toUtf8(twice))
    const modified = await stage.ask('ModifyTrustStore', {
      TrustStoreArn: arn,
      ...bundle('two.pem'),
    })
    expect(found(modified, 'NumberOfCaCertificates')).toBe('2')
  })

  test('ALB’s quota of certificates: 25 are taken, 26 are not', async () => {
    const arn = await createStore()
    put('25.pem', copies(25))
    put('26.pem', copies(26))
    const modify = (key: string) =>
      stage.ask('ModifyTrustStore', { TrustStoreArn: arn, ...bundle(key) })
    expect((await modify('25.pem')).status).toBe(200)
    expect((await modify('26.pem')).code).toBe('InvalidCaCertificatesBundle')
  })

  test('it is deleted, and its ARN names nothing, a store of the same name neither', async () => {
    const arn = await createStore()
    expect((await stage.ask('DeleteTrustStore', { TrustStoreArn: arn })).status).toBe(200)
    expect(await createStore()).not.toBe(arn)
    expect((await stage.ask('DeleteTrustStore', { TrustStoreArn: arn })).code).toBe(
      'TrustStoreNotFound',
    )
  })

  test.each([
    ['GetTrustStoreCaCertificatesBundle', {}],
    ['GetTrustStoreRevocationContent', { RevocationId: '1' }],
  ])('%s: an address that whoever has it may read for ten minutes', async (action, extra) => {
    const arn = await createStore()
    await stage.ask('AddTrustStoreRevocations', { TrustStoreArn: arn, ...content('0.crl') })
    const located = await stage.ask(action, { TrustStoreArn: arn, ...extra }, keys.reader)
    const address = found(located, 'Location').replaceAll('&amp;', '&')
    const read = async (url: string): Promise<number> => (await stage.app.request(url)).status
    const response = await stage.app.request(address)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.text()).toContain('-----BEGIN ')
    expect(await read(address.replace(/Expires=(\d)/, 'Expires=9$1'))).toBe(403)
    const another = address.replace(
      /objects\/(.)/,
      (_, digit) => `objects/${digit === '0' ? 1 : 0}`,
    )
    expect(await read(another)).toBe(403)
    stage.plane.clock.advance(10 * 60_000)
    expect(await read(address)).toBe(200)
    stage.plane.clock.advance(1000)
    expect(await read(address)).toBe(403)
  })
})

describe('revocation lists', () => {
  let arn: string
  beforeEach(async () => {
    arn = await createStore()
  })
  const add = (contents: Record<string, string>): Promise<Answer> =>
    stage.ask('AddTrustStoreRevocations', { TrustStoreArn: arn, ...contents })

  test('they are added together, described by page, and removed', async () => {
    const added = await add({ ...content('0.crl'), ...content('1.crl', 2) })
    expect(added).toMatchObject({ status: 200 })
    expect(added.text.match(/<RevocationId>\d+/g)).toEqual(['<RevocationId>1', '<RevocationId>2'])
    const first = await stage.ask('DescribeTrustStoreRevocations', {
      TrustStoreArn: arn,
      PageSize: '1',
    })
    expect(found(first, 'RevocationId')).toBe('1')
    const second = await stage.ask('DescribeTrustStoreRevocations', {
      TrustStoreArn: arn,
      Marker: found(first, 'NextMarker'),
    })
    expect(found(second, 'RevocationId')).toBe('2')
    const removed = await stage.ask('RemoveTrustStoreRevocations', {
      TrustStoreArn: arn,
      'RevocationIds.member.1': '1',
    })
    expect(removed.status).toBe(200)
    expect(
      await stage.ask('DescribeTrustStoreRevocations', {
        TrustStoreArn: arn,
        'RevocationIds.member.1': '1',
      }),
    ).toMatchObject({ code: 'RevocationIdNotFound' })
    // Its number is never given again.
    expect(found(await add(content('0.crl')), 'RevocationId')).toBe('3')
  })

  test('the same list once more is the list that is there', async () => {
    await add(content('0.crl'))
    expect(found(await add(content('0.crl')), 'RevocationId')).toBe('1')
  })

  test.each([
    ['DER', '0.der', 'InvalidRevocationContent', 'PEM'],
    ['two lists in a file', 'two.crl', 'InvalidRevocationContent', 'More than one CRL objects'],
    ['a web page', 'page.crl', 'InvalidRevocationContent', 'PEM'],
    ['none', 'nothing.crl', 'RevocationContentNotFound', 's3://trust/nothing.crl'],
    ['a list that is damaged', 'damaged.crl', 'InvalidRevocationContent', 'line'],
  ])('%s', async (_name, key, code, words) => {
    const one = new TextDecoder().decode(stage.bucket.objects.get('trust/0.crl'))
    put('two.crl', toUtf8(one + one))
    put('page.crl', toUtf8('<html>'))
    put('damaged.crl', toUtf8(one.replace(/\n.{8}/, '\n%%%%%%%%')))
    const answer = await add(content(key))
    expect(answer).toMatchObject({ status: 400, code })
    expect(found(answer, 'Message')).toContain(words)
    expect((await stage.plane.store('cars').head())?.epoch).toBe(1)
  })

  test('what is no CRL is no type, and nothing at all is too little', async () => {
    expect(
      await add({ ...content('0.crl'), 'RevocationContents.member.1.RevocationType': 'OCSP' }),
    ).toMatchObject({ code: 'ValidationError' })
    expect(await add({})).toMatchObject({ code: 'ValidationError' })
  })

  test('ALB’s quota of lists: thirty, the ones that others took the place of among them', async () => {
    const { authority } = stage.pki
    for (let at = 1; at <= 31; at += 1) {
      const [crl] = await authority.crls(shift(start, at * 1000), dayMs)
      put('next.crl', toUtf8(encodePem('X509 CRL', crl?.der ?? new Uint8Array())))
      const expected = at <= 30 ? undefined : 'TooManyTrustStoreRevocationEntries'
      expect({ at, code: (await add(content('next.crl'))).code }).toEqual({ at, code: expected })
    }
  })

  test.each(['RemoveTrustStoreRevocations', 'DescribeTrustStoreRevocations'])(
    '%s: an id that is not there',
    async (action) => {
      expect(
        await stage.ask(action, { TrustStoreArn: arn, 'RevocationIds.member.1': '7' }),
      ).toMatchObject({ status: 400, code: 'RevocationIdNotFound' })
    },
  )
})

describe('listeners', () => {
  let arn: string
  beforeEach(async () => {
    arn = await createStore()
  })

  test('one verifies by a trust store, which is in use then', async () => {
    const made = await createListener(verify(arn))
    expect(made).toMatch(/:listener\/app\/fleet\/50dc6c495c0c9188\/[0-9a-f]{16}$/)
    const described = await stage.ask('DescribeListeners', { LoadBalancerArn: balancer })
    expect(described.text).toContain(
      `<MutualAuthentication><Mode>verify</Mode><TrustStoreArn>${arn}</TrustStoreArn><IgnoreClientCertificateExpiry>false</IgnoreClientCertificateExpiry><TrustStoreAssociationStatus>active</TrustStoreAssociationStatus><AdvertiseTrustStoreCaNames>off</AdvertiseTrustStoreCaNames></MutualAuthentication>`,
    )
    expect(described.text).toContain('<Type>forward</Type>')
    const associations = await stage.ask('DescribeTrustStoreAssociations', { TrustStoreArn: arn })
    expect(found(associations, 'ResourceArn')).toBe(made)
    expect(await stage.ask('DeleteTrustStore', { TrustStoreArn: arn })).toMatchObject({
      status: 400,
      code: 'TrustStoreInUse',
    })
    expect(
      await stage.ask('DeleteSharedTrustStoreAssociation', {
        TrustStoreArn: arn,
        ResourceArn: made,
      }),
    ).toMatchObject({ code: 'DeleteAssociationSameAccount' })
    // By our own API neither.
    const own = await stage.app.request('/api/v1/trust-stores/cars', {
      method: 'DELETE',
      headers: { authorization: `Bearer ${ownToken}` },
    })
    expect(own.status).toBe(409)
    expect(await own.json()).toMatchObject({ code: 'store_in_use' })
    expect((await stage.plane.store('cars').head())?.epoch).toBe(1)
    expect((await stage.ask('DeleteListener', { ListenerArn: made })).status).toBe(200)
    expect((await stage.ask('DeleteTrustStore', { TrustStoreArn: arn })).status).toBe(200)
  })

  test('what an edge worker is told grows by one with each change', async () => {
    const made = await createListener(verify(arn))
    const told = () => stage.plane.directory.settings(made)
    expect(await told()).toMatchObject({ version: 1, mode: 'verify', trustStore: 'cars' })
    await stage.ask('ModifyListener', {
      ListenerArn: made,
      ...verify(arn, { 'MutualAuthentication.IgnoreClientCertificateExpiry': 'true' }),
    })
    expect(await told()).toMatchObject({ version: 2, ignoreExpiry: true })
    // What is not said stays.
    await stage.ask('ModifyListener', { ListenerArn: made, Port: '8443' })
    expect(await told()).toMatchObject({ version: 3, mode: 'verify', ignoreExpiry: true })
    expect(await stage.plane.directory.settings('fleet:8443')).toEqual(await told())
    await stage.ask('ModifyListener', { ListenerArn: made, 'MutualAuthentication.Mode': 'off' })
    expect(await told()).toEqual({
      id: made.slice(-16),
      version: 4,
      mode: 'off',
      ignoreExpiry: false,
      renamed: {},
    })
  })

  test.each([
    ['HTTP', { Protocol: 'HTTP' }, 'UnsupportedProtocol'],
    ['no port', { Port: '' }, 'ValidationError'],
    ['a port beyond the last', { Port: '65536' }, 'ValidationError'],
    ['a port that is taken', { Port: '444' }, 'DuplicateListener'],
    ['another account’s load balancer', { LoadBalancerArn: 'arn:aws:x' }, 'LoadBalancerNotFound'],
    [
      'an action that nobody would do',
      { 'DefaultActions.member.1.Type': 'redirect' },
      'InvalidConfigurationRequest',
    ],
    ['an unknown mode', { 'MutualAuthentication.Mode': 'optional' }, 'ValidationError'],
    [
      'verify without a store',
      { 'MutualAuthentication.Mode': 'verify' },
      'InvalidConfigurationRequest',
    ],
    ['verify by a store that is not there', verify('arn:aws:x'), 'TrustStoreNotFound'],
    [
      'passthrough with leave for expired ones',
      {
        'MutualAuthentication.Mode': 'passthrough',
        'MutualAuthentication.IgnoreClientCertificateExpiry': 'true',
      },
      'InvalidConfigurationRequest',
    ],
    [
      'names that nobody would advertise',
      {
        'MutualAuthentication.Mode': 'passthrough',
        'MutualAuthentication.AdvertiseTrustStoreCaNames': 'on',
      },
      'InvalidConfigurationRequest',
    ],
  ])('%s', async (_name, parameters, code) => {
    await createListener({ Port: '444' })
    const answer = await stage.ask('CreateListener', listener(parameters))
    expect(answer).toMatchObject({ status: 400, code })
    expect(await stage.plane.directory.listeners()).toHaveLength(1)
  })

  test('the eight headers are renamed, and named as before by an empty word', async () => {
    const made = await createListener(verify(arn))
    const key = 'routing.http.request.x_amzn_mtls_clientcert_leaf.header_name'
    const modify = (attribute: string, value: string) =>
      stage.ask('ModifyListenerAttributes', {
        ListenerArn: made,
        'Attributes.member.1.Key': attribute,
        'Attributes.member.1.Value': value,
      })
    expect((await modify(key, 'X-Fleet-Leaf')).status).toBe(200)
    const described = await stage.ask('DescribeListenerAttributes', { ListenerArn: made })
    expect(described.text.match(/<Key>/g)).toHaveLength(8)
    expect(described.text).toContain(`<Key>${key}</Key><Value>X-Fleet-Leaf</Value>`)
    expect((await stage.plane.directory.settings(made))?.renamed).toEqual({ leaf: 'X-Fleet-Leaf' })
    await modify(key, '')
    expect((await stage.plane.directory.settings(made))?.renamed).toEqual({})
    for (const [attribute, value, code] of [
      [key, 'Host', 'InvalidConfigurationRequest'],
      [key, 'Content-Length', 'InvalidConfigurationRequest'],
      [key, 'x-forwarded-for', 'InvalidConfigurationRequest'],
      [key, 'X-Amzn-Mtls-Clientcert', 'InvalidConfigurationRequest'],
      [key, 'X_Leaf', 'ValidationError'],
      [key, 'a'.repeat(65), 'ValidationError'],
      ['routing.http.response.server.enabled', 'false', 'InvalidConfigurationRequest'],
    ] as const) {
      expect({ value, code: (await modify(attribute, value)).code }).toEqual({ value, code })
    }
    expect((await stage.plane.directory.settings(made))?.renamed).toEqual({})
  })

  test.each([
    'DescribeListenerAttributes',
    'ModifyListenerAttributes',
    'ModifyListener',
    'DeleteListener',
  ])('%s of one that is not there', async (action) => {
    const none = balancer.replace('loadbalancer', 'listener')
    expect(await stage.ask(action, { ListenerArn: `${none}/0000000000000000` })).toMatchObject({
      status: 400,
      code: 'ListenerNotFound',
    })
  })

  test('tags of a listener go with it', async () => {
    const made = await createListener({ 'Tags.member.1.Key': 'a' })
    const resource = { 'ResourceArns.member.1': made }
    await stage.ask('AddTags', { ...resource, 'Tags.member.1.Key': 'b' })
    await stage.ask('RemoveTags', { ...resource, 'TagKeys.member.1': 'a' })
    const described = await stage.ask('DescribeTags', resource)
    expect(described.text.match(/<Key>.<\/Key>/g)).toEqual(['<Key>b</Key>'])
    await stage.ask('DeleteListener', { ListenerArn: made })
    expect(await stage.plane.directory.tags(made.slice(-16))).toEqual([])
  })

  test('tags that are too many for one resource are added to none', async () => {
    const [full, other] = [await createListener({}), await createListener({ Port: '444' })]
    await stage.ask('AddTags', { 'ResourceArns.member.1': full, ...manyTags(0, 50) })
    const resources = { 'ResourceArns.member.1': other, 'ResourceArns.member.2': full }
    expect((await stage.ask('AddTags', { ...resources, ...manyTags(50, 1) })).code).toBe(
      'TooManyTags',
    )
    expect(await stage.plane.directory.tags(other.slice(-16))).toEqual([])
    expect((await stage.ask('AddTags', { ...resources, ...manyTags(49, 1) })).status).toBe(200)
  })
})

describe('a key does what its scopes say, at its stores, and nothing else', () => {
  let arn: string
  let made: string
  beforeEach(async () => {
    arn = await createStore()
    made = await createListener(verify(arn))
  })

  test.each([
    ['reader', 'CreateTrustStore', { Name: 'x', ...bundle() }],
    ['reader', 'AddTrustStoreRevocations', content('0.crl')],
    ['revoker', 'RemoveTrustStoreRevocations', { 'RevocationIds.member.1': '1' }],
    ['revoker', 'ModifyTrustStore', bundle()],
    ['revoker', 'DeleteTrustStore', {}],
    ['revoker', 'DescribeTrustStores', {}],
    ['elsewhere', 'ModifyTrustStore', bundle()],
    ['elsewhere', 'GetTrustStoreCaCertificatesBundle', {}],
    ['elsewhere', 'DescribeTrustStoreRevocations', {}],
    ['elsewhere', 'ModifyListener', { 'MutualAuthentication.Mode': 'off' }],
    ['elsewhere', 'DeleteListener', {}],
    ['elsewhere', 'CreateListener', listener({ Port: '8443' })],
    ['elsewhere', 'DescribeListenerAttributes', {}],
    ['reader', 'ModifyListenerAttributes', {}],
  ] as const)('%s may not %s', async (who, action, parameters) => {
    const named = { TrustStoreArn: arn, ListenerArn: made, ...parameters }
    expect(await stage.ask(action, named, keys[who])).toMatchObject({
      status: 403,
      code: 'AccessDenied',
    })
    expect((await stage.plane.store('cars').head())?.epoch).toBe(1)
    expect((await stage.plane.directory.settings(made))?.version).toBe(1)
  })

  test('a key that revokes at a store may, and the audit log has its name', async () => {
    const parameters = { TrustStoreArn: arn, ...content('0.crl') }
    expect(await stage.ask('AddTrustStoreRevocations', parameters, keys.revoker)).toMatchObject({
      status: 200,
    })
    expect((await stage.plane.store('cars').audit({ limit: 1 }))[0]).toMatchObject({
      by: 'victor',
      change: { lists: [{ source: 's3://trust/0.crl' }] },
    })
  })

  test('a key for other stores sees none of these', async () => {
    const described = await stage.ask('DescribeTrustStores', {}, keys.elsewhere)
    expect(described.text).toContain('<TrustStores></TrustStores>')
  })
})

function manyTags(from: number, count: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`Tags.member.${at + 1}.Key`, `k${from + at}`]),
  )
}
