import type { Scope } from '#edge/control/tokens.ts'
import { chance, pick, type Random } from '#simulator/random.ts'
import { mutateText } from '../../../fuzz/text-mutations.ts'
import { bendJson, strangeText, type Json } from './bend.ts'
import { names, people, registryPart, tokenOf, type Person, type Vocabulary } from './world.ts'

/** A request to the JSON API, before it is sent. */
export interface JsonRequest {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

/** A request that would be taken. */
interface Whole {
  readonly method: string
  readonly path: string
  readonly json?: Json
  readonly text?: string
}

type Make = (words: Vocabulary, random: Random) => Whole

const store = (random: Random): string => pick(random, ['cars', 'cars', 'meters'])
const file = ({ files }: Vocabulary, random: Random): string => pick(random, files)

const change =
  (body: (words: Vocabulary, random: Random) => Json): Make =>
  (words, random) => ({
    method: 'POST',
    path: `/trust-stores/${store(random)}/changes`,
    json: body(words, random),
  })

const look =
  (path: (random: Random, words: Vocabulary) => string): Make =>
  (words, random) => ({ method: 'GET', path: path(random, words) })

const word = ({ issuer }: Vocabulary, random: Random): Json => ({
  issuer,
  serial: pick(random, ['0a:ff', '0B', '00:0c']),
})

/** Every operation, whole. */
const operations: readonly Make[] = [
  look(() => '/openapi.json'),
  look(() => '/trust-stores'),
  look((random) => `/trust-stores/${store(random)}`),
  look((random) => `/trust-stores/${store(random)}/document?epoch=${pick(random, [1, 2, 3, 9])}`),
  look((random) => `/trust-stores/${store(random)}/audit?limit=${pick(random, [1, 2, 1000])}`),
  look((random) => `/trust-stores/${store(random)}/findings`),
  look((random) => `/trust-stores/${store(random)}/anchors`),
  look((random) => `/trust-stores/${store(random)}/sources`),
  look((random, words) => `/files/${file(words, random)}`),
  look(() => '/metrics'),
  look((random) => `/listeners/${pick(random, ['fleet:443', 'fleet:8443', 'none:1'])}`),
  look((random, words) => `/listeners/${encodeURIComponent(pick(random, words.listenerArns))}`),
  look(() => '/edge-metrics'),
  (words, random) => ({
    method: 'POST',
    path: '/trust-stores',
    json: { name: pick(random, ['cars', 'vans', 'meters']), bundle: file(words, random) },
  }),
  (_words, random) => ({ method: 'DELETE', path: `/trust-stores/${store(random)}` }),
  (_words, random) => ({ method: 'POST', path: '/files', text: strangeText(random) }),
  change((words, random) => ({ kind: 'replace_bundle', file: file(words, random) })),
  change((words, random) => ({ kind: 'replace_intermediates', file: file(words, random) })),
  change((words, random) => ({
    kind: 'add_lists',
    lists: [{ file: file(words, random), source: 'upload' }],
  })),
  change((words, random) => ({
    kind: 'add_lists',
    lists: [{ file: file(words, random), shrink: 'accept' }],
    removing: [1],
  })),
  change((_words, random) => ({ kind: 'remove_lists', ids: [pick(random, [1, 2, 99])] })),
  change((words, random) => ({ kind: 'revoke_serials', serials: [word(words, random)] })),
  change((words, random) => ({ kind: 'restore_serials', serials: [word(words, random)] })),
  change((_words, random) => ({ kind: 'roll_back', epoch: pick(random, [1, 2, 99]) })),
  // The registry's own, which nobody may ask for by the API.
  change((words, random) => ({ kind: 'replace_refused', files: [file(words, random)] })),
  (_words, random) => ({
    method: 'POST',
    path: `/trust-stores/${store(random)}/sources`,
    json: {
      kind: pick(random, ['url', 'bucket']),
      location: pick(random, ['http://crl.example/2.crl', 'lists/a.crl', 'https://crl.example/']),
      everyMs: 3_600_000,
      allowedHosts: ['other.example'],
    },
  }),
  (_words, random) => ({
    method: 'POST',
    path: `/trust-stores/${store(random)}/sources/discover`,
  }),
  (_words, random) => ({
    method: 'POST',
    path: `/trust-stores/${store(random)}/sources/${pick(random, [1, 9])}/fetch`,
  }),
  (_words, random) => ({
    method: 'DELETE',
    path: `/trust-stores/${store(random)}/sources/${pick(random, [1, 9])}`,
  }),
  ...registryOperations(),
]

const device = (random: Random): string => pick(random, ['car-1', 'car-2', 'car-3', 'car-9'])

function ofRegistry(
  method: string,
  path: (random: Random, words: Vocabulary) => string,
  json?: Json,
): Make {
  return (words, random) => ({
    method,
    path: `/registry/${path(random, words)}`,
    ...(json !== undefined && { json }),
  })
}

/** Every operation of the registry, whole; its CAs are asked for, and none is there. */
function registryOperations(): readonly Make[] {
  const key = 'a'.repeat(64)
  const status = (wanted: string): Make =>
    ofRegistry('POST', (random) => `devices/${device(random)}/status`, {
      status: wanted,
      because: 'so',
    })
  const claim = { quota: 2, classes: ['model:x'], approval: 'manual', forMs: 60_000 }
  const brought = { name: 'car-8', status: 'suspended', classes: [], certificates: [] }
  const looks = [
    'devices?limit=2',
    'devices?class=model:x',
    'counts',
    'classes',
    'claims',
    'authorities',
    'export',
    'audit',
  ]
  return [
    ...looks.map((path) => ofRegistry('GET', () => path)),
    ofRegistry('GET', (random) => `devices/${device(random)}`),
    ...['active', 'suspended', 'revoked', 'retired'].map(status),
    ofRegistry('PUT', (random) => `devices/${device(random)}/classes`, { classes: ['model:y'] }),
    ofRegistry('POST', (random) => `devices/${device(random)}/revoke-certificate`, {
      issuerKeyId: key,
      serial: '0A',
    }),
    ofRegistry('POST', () => 'classes/model:x/suspend', { because: 'so' }),
    ofRegistry('POST', () => 'classes/model:x/resume'),
    ofRegistry('POST', () => 'claims', claim),
    ofRegistry('DELETE', (random, words) => `claims/${pick(random, words.claims)}`),
    ofRegistry('POST', () => 'challenges'),
    ofRegistry('POST', () => 'authorities', { certificate: 'MAA=', verification: 'MAA=' }),
    ofRegistry('PATCH', () => `authorities/${key}`, { status: 'disabled' }),
    ofRegistry('DELETE', () => `authorities/${key}`),
    ofRegistry('POST', () => 'first-connections', { device: 'car-9', leaf: 'MAA=', cas: [key] }),
    ofRegistry('POST', () => 'import', { devices: [brought] }),
    ofRegistry('POST', () => 'publish'),
    ofRegistry('POST', () => 'forget-key', { keySha256: key }),
  ]
}

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']

const contentTypes = [
  'application/json',
  'application/json; charset=utf-8',
  'application/octet-stream',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'text/plain',
  'APPLICATION/JSON',
  '',
]

/** A whole request, and what is otherwise of it: nothing in one of ten, more than one thing in some. */
export function jsonRequest(words: Vocabulary, random: Random): JsonRequest {
  const whole = pick(random, operations)(words, random)
  const isWhole = chance(random, 0.1)
  const otherwise = (ratio: number): boolean => !isWhole && chance(random, ratio)
  const type = whole.text === undefined ? 'application/json' : 'application/octet-stream'
  const headers = {
    ...authorization(otherwise(0.35), random),
    ...((whole.json !== undefined || whole.method === 'POST') && {
      'content-type': otherwise(0.08) ? pick(random, contentTypes) : type,
    }),
    ...(otherwise(0.03) && strangeHeader(random)),
  }
  const method = otherwise(0.08) ? pick(random, methods) : whole.method
  const path = otherwise(0.2) ? bentPath(whole.path, random) : whole.path
  const body = bodyOf(whole, otherwise(0.6), random)
  const takesBody = method !== 'GET' && method !== 'HEAD'
  return { method, path, headers, body: takesBody ? body : undefined }
}

function bodyOf({ json, text }: Whole, isBent: boolean, random: Random): string | undefined {
  if (json === undefined) return text
  if (!isBent) return JSON.stringify(json)
  let bent = bendJson(json, random)
  while (chance(random, 0.3)) bent = bendJson(bent, random)
  const written = JSON.stringify(bent)
  return chance(random, 0.15) ? mutateText(written, '{"kind":"delete"}', random) : written
}

function authorization(isBent: boolean, random: Random): Readonly<Record<string, string>> {
  // Most by whoever may everything: what others may not ends sooner.
  const who = pick(random, ['alice', 'alice', ...names] as const)
  const whole = `Bearer ${tokenOf(who)}`
  if (!isBent) return { authorization: whole }
  if (chance(random, 0.2)) return {}
  return { authorization: headerText(mutateText(whole, tokenOf('alice'), random)) }
}

const strangeHeader = (random: Random): Readonly<Record<string, string>> => ({
  [pick(random, ['content-length', 'transfer-encoding', 'x-forwarded-for', 'host', 'cookie'])]:
    headerText(strangeText(random)),
})

/** What of a text a header may be made of at all; a server never sees the rest. */
export const headerText = (text: string): string => text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '')

function bentPath(path: string, random: Random): string {
  const parts = path.split(/(?=[/?&=])/)
  const at = Math.floor(random.next() * parts.length)
  const strange = (): string => encodeURIComponent(strangeText(random).toWellFormed())
  const part = pick(random, [
    () => '',
    () => `/${strange()}`,
    () => `${parts[at] ?? ''}${strange()}`,
    () => `${parts[at] ?? ''}${parts[at] ?? ''}`,
    () => `/%2e%2e${parts[at] ?? ''}`,
    () => '?before=%FF&limit=1e3&epoch=0x1',
    () => mutateText(parts[at] ?? '', '/cars', random).toWellFormed(),
  ])()
  return parts.with(at, part).join('')
}

/** Who a request is of: those whose token is in its header, whatever else is. */
export function bearersOf({ headers }: Pick<JsonRequest, 'headers'>): readonly Person[] {
  const shown = headers['authorization'] ?? ''
  return names.filter((name) => shown.includes(tokenOf(name)))
}

/** What somebody may do at a store, or at all. */
export function may(name: Person, scope: Scope, at?: string): boolean {
  const { scopes, stores } = people[name]
  const isFor = stores === undefined || at === undefined || stores.some((each) => each === at)
  return scopes.some((each) => each === scope) && isFor
}

/** The scope that an answer other than a refusal takes, by the API's documentation and no code of it. */
export function neededBy({ method, path, body }: JsonRequest): Need {
  const [collection, name, part, id] = segmentsOf(path)
  const isRead = method === 'GET' || method === 'HEAD'
  if (collection === 'openapi.json') return { scope: 'none' }
  if (collection === 'registry') return registryNeeds([name, part, id], { method, body })
  if (collection === 'listeners')
    return { scope: isRead ? 'read' : 'nobody', store: storeOfListener(name) }
  if (collection === 'files') return { scope: isRead ? 'read' : 'revoke' }
  if (collection !== 'trust-stores') return { scope: 'read' }
  if (isRead) return { scope: 'read', store: name }
  if (name === undefined) return { scope: 'admin', store: textAt(body, 'name') }
  if (part === undefined) return { scope: 'admin', store: name }
  if (part === 'changes') return { scope: scopeOf(body), store: name }
  const isFetch = part === 'sources' && id !== undefined && path.includes('/fetch')
  return { scope: isFetch ? 'revoke' : 'write', store: name }
}

/**
 * docs/registry.md, "Who may do what": `read` looks; `revoke` suspends, revokes, retires, disables a CA,
 * revokes a claim; `write` does what may let somebody in.
 */
function registryNeeds(
  [kind, , act]: readonly (string | undefined)[],
  { method, body }: Pick<JsonRequest, 'method' | 'body'>,
): Need {
  const asked = fieldsOf(body)
  const isLockingOut = {
    devices: act === 'revoke-certificate' || (act === 'status' && asked['status'] !== 'active'),
    classes: act === 'suspend',
    claims: method === 'DELETE',
    authorities:
      method === 'PATCH' && asked['status'] === 'disabled' && Object.keys(asked).length === 1,
  }
  const isRead = method === 'GET' || method === 'HEAD'
  const revokes = Object.entries(isLockingOut).some(([name, is]) => name === kind && is)
  return { scope: isRead ? 'read' : revokes ? 'revoke' : 'write', store: registryPart }
}

/** Of the two listeners of every world: whether a name or an ARN, by how it ends. */
const storeOfListener = (name: string | undefined): string | undefined =>
  name === 'fleet:443' ? 'cars' : undefined

export interface Need {
  /** The description of the API is everybody's. */
  readonly scope: Scope | 'none' | 'nobody'
  readonly store?: string | undefined
}

/** Of the address as it is after dots are resolved, each as it is decoded. */
function segmentsOf(path: string): readonly (string | undefined)[] {
  const { pathname } = new URL(`https://control.example/api/v1${path}`)
  const [, , , ...segments] = pathname.split('/')
  return segments.map(decoded)
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch (error) {
    if (error instanceof URIError) return segment
    throw error
  }
}

function scopeOf(body: string | undefined): Need['scope'] {
  const asked = fieldsOf(body)
  if (asked['kind'] === 'replace_refused') return 'nobody'
  if (asked['kind'] === 'revoke_serials') return 'revoke'
  if (asked['kind'] === 'roll_back') return 'roll-back'
  const lists = asked['lists']
  const isShrinking = Array.isArray(lists) && JSON.stringify(lists).includes('"shrink"')
  const isAdding = asked['kind'] === 'add_lists' && asked['removing'] === undefined
  return isAdding && !isShrinking ? 'revoke' : 'write'
}

function textAt(body: string | undefined, name: string): string | undefined {
  const value = fieldsOf(body)[name]
  return typeof value === 'string' ? value : undefined
}

function fieldsOf(body: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body ?? '')
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}
