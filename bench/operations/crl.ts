import { parseCrl } from '#shared/revocation/crl.ts'
import type { Bytes } from '#shared/bytes.ts'
import {
  atOnce,
  expectTrue,
  octetsOf,
  type Fixture,
  type Operation,
  type Operations,
} from './operation.ts'
import { readPeculiarCrl } from './peers.ts'
import { valueOf } from './relying-party.ts'

/** A list read and indexed from its DER; by @peculiar/x509 with its limits lifted, and without an index. */
export const crlLoadOperations: Operations = (fixture) => [
  loads(fixture),
  atOnce('@peculiar/x509', () => readPeculiarCrl(octetsOf(fixture, 'crl')).thisUpdate),
]

/** Ours alone, where others take most of a minute. */
export const crlLoadAloneOperations: Operations = (fixture) => [loads(fixture)]

function loads(fixture: Fixture): Operation {
  const der = octetsOf(fixture, 'crl')
  return atOnce('ours', () => expectTrue(parseCrl(der).ok, 'parseCrl'))
}

/** Serials looked up, one after another from all over a list. */
export const crlLookupOperations: Operations = (fixture) => {
  const { index } = valueOf(parseCrl(octetsOf(fixture, 'crl')))
  const { listed = [], unlisted = [] } = fixture
  return [
    atOnce('ours, listed', (nth) =>
      expectTrue(index.find(pick(listed, nth)) !== undefined, 'a serial that is listed'),
    ),
    atOnce('ours, not listed', (nth) =>
      expectTrue(index.find(pick(unlisted, nth)) === undefined, 'a serial that is not'),
    ),
  ]
}

function pick(serials: readonly Bytes[], nth: number): Bytes {
  const serial = serials[nth % serials.length]
  if (serial === undefined) throw new Error('the fixture has no serials')
  return serial
}
