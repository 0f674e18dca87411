import { describe, expect, test } from 'vitest'
import { readListener } from '#edge/config.ts'
import type { ListenerVariables } from '#edge/variables.ts'
import { listenerOf } from '../stage.ts'

const targetGroups = {
  blue: { targets: ['http://10.0.0.1:8080', 'https://b.example'] },
  green: { targets: ['binding:GREEN'] },
}
const toBlue = [{ Type: 'forward', TargetGroupArn: 'blue' }]
const fallback = { Priority: 'default', Actions: toBlue }
const path = (...values: readonly string[]) => ({ Field: 'path-pattern', Values: values })

const routed = (rules: unknown, groups: unknown = targetGroups): ListenerVariables => ({
  ROUTES: JSON.stringify(rules),
  TARGET_GROUPS: JSON.stringify(groups),
})

const readRouting = async (variables: ListenerVariables) =>
  (await listenerOf(variables)).forwarding.routing

async function faultsOf(variables: ListenerVariables): Promise<readonly string[]> {
  const read = await readListener(variables)
  return read.ok ? [] : read.error.map(({ variable, expected }) => `${variable}: ${expected}`)
}

test('without rules the only group gets everything', async () => {
  const { blue } = targetGroups
  expect(await readRouting({ TARGET_GROUPS: JSON.stringify({ blue }) })).toEqual({
    groups: new Map([
      [
        'blue',
        [
          { kind: 'url', url: 'http://10.0.0.1:8080' },
          { kind: 'url', url: 'https://b.example' },
        ],
      ],
    ]),
    rules: [],
    otherwise: { type: 'forward', groups: [{ name: 'blue', weight: 1 }], stickiness: 'device' },
  })
})

/** As `aws elbv2 describe-rules` prints rules, with all that it writes beside. */
const described = {
  Rules: [
    {
      RuleArn: 'arn:aws:elasticloadbalancing:eu-central-1:1:listener-rule/app/a/1/2/3',
      Priority: '20',
      Conditions: [
        {
          Field: 'path-pattern',
          Values: ['/img/*'],
          PathPatternConfig: { Values: ['/img/*'] },
        },
        {
          Field: 'http-header',
          HttpHeaderConfig: { HttpHeaderName: 'User-Agent', Values: ['*Chrome*'] },
        },
      ],
      Actions: [
        {
          Type: 'forward',
          Order: 1,
          ForwardConfig: {
            TargetGroups: [
              {
                TargetGroupArn: 'arn:aws:elasticloadbalancing:e:1:targetgroup/blue/73e2',
                Weight: 9,
              },
              { TargetGroupArn: 'green', Weight: 1 },
            ],
            TargetGroupStickinessConfig: { Enabled: false, DurationSeconds: 3600 },
          },
        },
      ],
      IsDefault: false,
      Transforms: [],
    },
    {
      Priority: '3',
      Conditions: [{ Field: 'host-header', HostHeaderConfig: { Values: ['Old.example'] } }],
      Actions: [
        {
          Type: 'redirect',
          RedirectConfig: { Host: 'new.#{host}', StatusCode: 'HTTP_301' },
        },
      ],
    },
    {
      Priority: 'default',
      Conditions: [],
      Actions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }],
      IsDefault: true,
    },
  ],
}

test("what ALB's own tool prints, by priority", async () => {
  const routing = await readRouting(routed(described))
  expect(routing?.rules).toEqual([
    {
      priority: 3,
      conditions: [{ field: 'host-header', patterns: ['old.example'] }],
      action: {
        type: 'redirect',
        status: 301,
        protocol: '#{protocol}',
        host: 'new.#{host}',
        port: '#{port}',
        path: '/#{path}',
        query: '#{query}',
      },
    },
    {
      priority: 20,
      conditions: [
        { field: 'path-pattern', patterns: ['/img/*'] },
        { field: 'http-header', name: 'user-agent', patterns: ['*chrome*'] },
      ],
      action: {
        type: 'forward',
        groups: [
          { name: 'blue', weight: 9 },
          { name: 'green', weight: 1 },
        ],
        stickiness: 'none',
      },
    },
  ])
  expect(routing?.otherwise).toEqual({
    type: 'fixed-response',
    status: 404,
    contentType: 'text/plain',
    body: undefined,
  })
})

test('paths are normalised where rules ask about them', async () => {
  expect((await listenerOf({})).paths).toBeUndefined()
  expect((await listenerOf(routed([fallback]))).paths).toBe('decode_and_merge_slashes')
})

const rule = (fields: object) => [
  { Priority: 1, Conditions: [path('/a')], Actions: toBlue, ...fields },
  fallback,
]
const condition = (fields: object) => rule({ Conditions: [fields] })
const action = (fields: object) => rule({ Actions: [fields] })
const redirect = (fields: object) =>
  action({ Type: 'redirect', RedirectConfig: { StatusCode: 'HTTP_301', Host: 'b', ...fields } })
const fixed = (fields: object) =>
  action({ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '200', ...fields } })
const long = 'x'.repeat(129)

describe('every fault, with its place', () => {
  test.each([
    ['ROUTES', [rule({})[0]], 'a rule of the Priority default'],
    ['ROUTES', 'no list', 'a list of at most 100 (at ROUTES)'],
    ['ROUTES', { Rules: rule({ Priority: 0 }) }, '(at ROUTES.Rules[0].Priority)'],
    ['ROUTES', rule({ Priority: 0 }), '(at ROUTES[0].Priority)'],
    ['ROUTES', rule({ Priority: 50_001 }), '(at ROUTES[0].Priority)'],
    ['ROUTES', [...rule({}), ...rule({})], '(at ROUTES[2].Priority)'],
    ['ROUTES', rule({ Conditions: [] }), 'one at least (at ROUTES[0].Conditions)'],
    ['ROUTES', [{ ...fallback, Conditions: [path('/a')] }], 'none in the default rule'],
    ['ROUTES', rule({ Actions: [] }), '(at ROUTES[0].Actions[0])'],
    ['ROUTES', rule({ Actions: [...toBlue, ...toBlue] }), 'exactly one (at ROUTES[0].Actions)'],
    ['ROUTES', rule({ Transforms: [{ Type: 'url-rewrite' }] }), '(at ROUTES[0].Transforms)'],
    ['ROUTES', rule({ Weight: 1 }), '(at ROUTES[0].Weight)'],
    ['ROUTES', rule({ Conditions: [path('/a'), path('/b')] }), 'one path-pattern at most'],
    ['ROUTES', condition(path('/1', '/2', '/3', '/4')), 'a list of at most 3'],
    ['ROUTES', condition(path()), '(at ROUTES[0].Conditions[0].Values)'],
    ['ROUTES', condition(path('/?????*')), 'at most 5 wildcards'],
    ['ROUTES', condition(path('a')), '(at ROUTES[0].Conditions[0].Values[0])'],
    ['ROUTES', condition(path(`/${long}`)), 'of at most 128 characters'],
    ['ROUTES', condition({ Field: 'cookie', Values: ['a'] }), '(at ROUTES[0].Conditions[0].Field)'],
    [
      'ROUTES',
      condition({ Field: 'path-pattern', PathPatternConfig: { RegexValues: ['.+'] } }),
      '(at ROUTES[0].Conditions[0].PathPatternConfig.RegexValues)',
    ],
    [
      'ROUTES',
      condition({ ...path('/a'), HostHeaderConfig: { Values: ['a'] } }),
      'PathPatternConfig for path-pattern (at ROUTES[0].Conditions[0].HostHeaderConfig)',
    ],
    ['ROUTES', condition({ Field: 'host-header', Values: ['a_b'] }), 'a host'],
    ['ROUTES', condition({ Field: 'http-request-method', Values: ['get'] }), 'a method'],
    ['ROUTES', condition({ Field: 'source-ip', Values: ['10.0.0.1'] }), 'a range'],
    [
      'ROUTES',
      condition({ Field: 'http-header', HttpHeaderConfig: { Values: ['a'] } }),
      '(at ROUTES[0].Conditions[0].HttpHeaderConfig.HttpHeaderName)',
    ],
    [
      'ROUTES',
      condition({
        Field: 'http-header',
        HttpHeaderConfig: { HttpHeaderName: 'x*', Values: ['a'] },
      }),
      "a header's name",
    ],
    [
      'ROUTES',
      condition({ Field: 'query-string', QueryStringConfig: { Values: [{ Key: 'a' }] } }),
      '(at ROUTES[0].Conditions[0].QueryStringConfig.Values[0].Value)',
    ],
    ['ROUTES', action({ Type: 'authenticate-oidc' }), 'one of forward, fixed-response, redirect'],
    ['ROUTES', action({ Type: 'forward' }), '(at ROUTES[0].Actions[0].TargetGroupArn)'],
    ['ROUTES', action({ Type: 'forward', TargetGroupArn: 'red' }), 'red is none of them'],
    [
      'ROUTES',
      action({ Type: 'forward', ForwardConfig: { TargetGroups: [] } }),
      '(at ROUTES[0].Actions[0].ForwardConfig.TargetGroups)',
    ],
    [
      'ROUTES',
      action({
        Type: 'forward',
        ForwardConfig: { TargetGroups: [{ TargetGroupArn: 'blue', Weight: 1000 }] },
      }),
      '0 to 999',
    ],
    ['ROUTES', fixed({ StatusCode: '302' }), 'FixedResponseConfig.StatusCode'],
    ['ROUTES', fixed({ ContentType: 'image/png' }), 'FixedResponseConfig.ContentType'],
    ['ROUTES', fixed({ MessageBody: 'x'.repeat(1025) }), 'FixedResponseConfig.MessageBody'],
    ['ROUTES', fixed({ StatusCode: '204', MessageBody: 'x' }), 'none with 204'],
    ['ROUTES', redirect({ StatusCode: 'HTTP_307' }), 'HTTP_301 or HTTP_302'],
    ['ROUTES', redirect({ Host: '#{host}' }), 'this leads back to itself'],
    ['ROUTES', redirect({ Protocol: 'HTTP' }), 'HTTPS or #{protocol}'],
    ['ROUTES', redirect({ Port: '0' }), 'a port or #{port}'],
    ['ROUTES', redirect({ Path: 'a' }), 'RedirectConfig.Path'],
    ['ROUTES', redirect({ Path: '/#{query}' }), 'RedirectConfig.Path'],
    ['ROUTES', redirect({ Query: 'a\r\nb' }), 'RedirectConfig.Query'],
  ] as const)('%s: %j', async (variable, rules, expected) => {
    const faults = await faultsOf(routed(rules))
    expect(faults.join('\n')).toContain(expected)
    expect(faults.every((fault) => fault.startsWith(`${variable}: `))).toBe(true)
  })

  test.each([
    [{ blue: { targets: ['ftp://a'] } }, '(at TARGET_GROUPS.blue.targets[0])'],
    [{ blue: { targets: ['https://a/path'] } }, '(at TARGET_GROUPS.blue.targets[0])'],
    [{ blue: { targets: ['https://u:p@a'] } }, '(at TARGET_GROUPS.blue.targets[0])'],
    [{ blue: { targets: ['binding:'] } }, '(at TARGET_GROUPS.blue.targets[0])'],
    [{ blue: {} }, '(at TARGET_GROUPS.blue.targets)'],
    [{ 'b l': { targets: [] } }, 'a name of 1 to 32'],
    [[], 'an object of target groups'],
    [targetGroups, 'rules that choose among the target groups'],
  ])('TARGET_GROUPS: %j', async (groups, expected) => {
    const faults = await faultsOf({ TARGET_GROUPS: JSON.stringify(groups) })
    expect(faults).toEqual([expect.stringContaining(expected)])
  })

  test.each([
    [{ ROUTES: '{' }, 'ROUTES: JSON of at most 262144 characters'],
    [{ TARGET_GROUPS: 'null', ROUTES: '[]' }, 'TARGET_GROUPS: an object of target groups'],
    [{ TARGET_TIMEOUT: '0s' }, 'TARGET_TIMEOUT: 1ms to 4000s'],
    [{ TARGET_TIMEOUT: '4001s' }, 'TARGET_TIMEOUT: 1ms to 4000s'],
    [{ TARGET_TIMEOUT: 'soon' }, 'TARGET_TIMEOUT: a duration'],
    [{ BODY_MAX: '10MB' }, 'BODY_MAX: a number of octets'],
    [{ XFF_MODE: 'drop' }, 'XFF_MODE: one of append, preserve, remove'],
  ])('%j', async (variables, expected) => {
    expect((await faultsOf(variables)).join('\n')).toContain(expected)
  })

  const bySource = routed(condition({ Field: 'source-ip', Values: ['10.0.0.0/8'] }))

  test.each([
    ['cloudflare', true],
    ['alb', true],
    ['node-tls', true],
    ['nginx', false],
    ['envoy', false],
  ])('source-ip on %s: %s', async (platform, isTold) => {
    const faults = await faultsOf({ ...bySource, PLATFORM: platform, HOP: 'network' })
    expect(faults.join('\n').includes('no source-ip')).toBe(!isTold)
  })
})
