import { readList, readObject, readText, type Report } from '#shared/authorization/read-document.ts'
import type {
  FixedResponseAction,
  ForwardAction,
  RedirectAction,
  RuleAction,
  WeightedGroup,
} from './routing.ts'

/** ALB: target groups of one action, and the largest weight. */
const groupsMax = 5
const weightMax = 999

/** ALB: characters of a fixed response's message, and of a redirect's host, path and query. */
const messageLengthMax = 1024
const partLengthMax = 128

/** ALB: what a fixed response may say it is. */
const contentTypes = [
  'text/plain',
  'text/css',
  'text/html',
  'application/javascript',
  'application/json',
] as const

type Fields = Readonly<Record<string, unknown>>

/** One action in the words of ALB's API (`Action`); undefined where it is none, with every fault told. */
export function readAction(value: unknown, key: string, report: Report): RuleAction | undefined {
  const fields = [
    'Type',
    'Order',
    'TargetGroupArn',
    'ForwardConfig',
    'FixedResponseConfig',
    'RedirectConfig',
  ] as const
  const action = readObject(value, key, fields, report)
  switch (action.Type) {
    case 'forward':
      return readForward(action, key, report)
    case 'fixed-response':
      return readFixedResponse(action.FixedResponseConfig, `${key}.FixedResponseConfig`, report)
    case 'redirect':
      return readRedirect(action.RedirectConfig, `${key}.RedirectConfig`, report)
    default:
      report(`${key}.Type`, 'one of forward, fixed-response, redirect')
      return undefined
  }
}

/** `TargetGroupArn` alone is a group with all the weight; ALB itself writes both forms at once. */
function readForward(action: Fields, key: string, report: Report): ForwardAction {
  if (action['ForwardConfig'] === undefined) {
    const name = readGroupName(action['TargetGroupArn'], `${key}.TargetGroupArn`, report)
    return { type: 'forward', groups: [{ name, weight: 1 }], stickiness: 'device' }
  }
  const at = `${key}.ForwardConfig`
  const fields = ['TargetGroups', 'TargetGroupStickinessConfig'] as const
  const config = readObject(action['ForwardConfig'], at, fields, report)
  const groups = readList(config.TargetGroups, `${at}.TargetGroups`, groupsMax, report)
  if (groups.length === 0) report(`${at}.TargetGroups`, `a list of 1 to ${groupsMax}`)
  return {
    type: 'forward',
    groups: groups.map((group, index) =>
      readWeighted(group, `${at}.TargetGroups[${index}]`, report),
    ),
    stickiness: readStickiness(
      config.TargetGroupStickinessConfig,
      `${at}.TargetGroupStickinessConfig`,
      report,
    ),
  }
}

function readWeighted(value: unknown, key: string, report: Report): WeightedGroup {
  const group = readObject(value, key, ['TargetGroupArn', 'Weight'], report)
  const { Weight: weight = 1 } = group
  if (!isWholeNumber(weight, 0, weightMax)) report(`${key}.Weight`, `0 to ${weightMax}`)
  return {
    name: readGroupName(group.TargetGroupArn, `${key}.TargetGroupArn`, report),
    weight: Number(weight),
  }
}

const isWholeNumber = (value: unknown, min: number, max: number): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max

/** A group's name, or an ARN that holds it: `arn:…:targetgroup/NAME/0123456789abcdef`. */
function readGroupName(value: unknown, key: string, report: Report): string {
  const text = readText(value, key, report) ?? ''
  return /:targetgroup\/([^/]+)\//.exec(text)?.[1] ?? text
}

/** ALB keeps a cookie for some seconds; ours follows the device for as long as the weights stay. */
function readStickiness(value: unknown, key: string, report: Report): ForwardAction['stickiness'] {
  if (value === undefined) return 'device'
  const { Enabled: enabled } = readObject(value, key, ['Enabled', 'DurationSeconds'], report)
  if (typeof enabled !== 'boolean') report(`${key}.Enabled`, 'true or false')
  return enabled === false ? 'none' : 'device'
}

function readFixedResponse(
  value: unknown,
  key: string,
  report: Report,
): FixedResponseAction | undefined {
  const config = readObject(value, key, ['StatusCode', 'ContentType', 'MessageBody'], report)
  const { StatusCode: code, ContentType: type = 'text/plain', MessageBody: body } = config
  if (typeof code !== 'string' || !/^[245]\d\d$/.test(code)) {
    report(`${key}.StatusCode`, 'a text of 2XX, 4XX or 5XX')
  }
  const contentType = contentTypes.find((each) => each === type)
  if (contentType === undefined) report(`${key}.ContentType`, `one of ${contentTypes.join(', ')}`)
  if (!isMessage(body)) {
    report(`${key}.MessageBody`, `a text of at most ${messageLengthMax} characters`)
    return undefined
  }
  const isBodiless = code === '204' || code === '205'
  if (isBodiless && body !== undefined) report(`${key}.MessageBody`, `none with ${code}`)
  const status = Number(code)
  return { type: 'fixed-response', status, contentType: contentType ?? 'text/plain', body }
}

const isMessage = (value: unknown): value is string | undefined =>
  value === undefined || (typeof value === 'string' && value.length <= messageLengthMax)

/** What a redirect does not say stays as it was asked for. */
const sameAddress = {
  Protocol: '#{protocol}',
  Host: '#{host}',
  Port: '#{port}',
  Path: '/#{path}',
  Query: '#{query}',
} as const

type Part = keyof typeof sameAddress

/** What each part may be; an empty query takes the request's away. HTTPS never leads to HTTP, as with ALB. */
const parts = {
  Protocol: { form: /^(?:HTTPS|#\{protocol\})$/, expected: 'HTTPS or #{protocol}' },
  Host: { form: /^(?:[A-Za-z0-9.-]|#\{host\})+$/, expected: 'a host, in which #{host} may stand' },
  Port: { form: /^(?:[1-9]\d{0,4}|#\{port\})$/, expected: 'a port or #{port}' },
  Path: {
    form: /^\/(?:[!-"$-~]|#\{(?:host|path|port)\})*$/,
    expected: 'a path from its first / on, in which #{host}, #{path} and #{port} may stand',
  },
  Query: {
    form: /^(?:[!-"$-~]|#\{(?:protocol|host|port|path|query)\})*$/,
    expected: 'a query without its ?, in which keywords may stand',
  },
} as const satisfies Readonly<Record<Part, { readonly form: RegExp; readonly expected: string }>>

function readRedirect(value: unknown, key: string, report: Report): RedirectAction {
  const fields = ['StatusCode', 'Protocol', 'Host', 'Port', 'Path', 'Query'] as const
  const config = readObject(value, key, fields, report)
  const part = (name: Part): string => readPart(config[name], name, key, report)
  const code = config.StatusCode
  if (code !== 'HTTP_301' && code !== 'HTTP_302') {
    report(`${key}.StatusCode`, 'HTTP_301 or HTTP_302')
  }
  const names = ['Protocol', 'Host', 'Port', 'Path'] as const
  if (names.every((name) => part(name) === sameAddress[name])) {
    report(key, 'another protocol, host, port or path: this leads back to itself')
  }
  return {
    type: 'redirect',
    status: code === 'HTTP_301' ? 301 : 302,
    protocol: part('Protocol'),
    host: part('Host'),
    port: part('Port'),
    path: part('Path'),
    query: part('Query'),
  }
}

function readPart(value: unknown, name: Part, key: string, report: Report): string {
  const { form, expected } = parts[name]
  const text = value === undefined ? sameAddress[name] : value
  if (typeof text === 'string' && text.length <= partLengthMax && form.test(text)) return text
  report(`${key}.${name}`, expected)
  return sameAddress[name]
}
