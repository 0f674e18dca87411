import { expect, test } from 'vitest'
import type { Bytes } from '#shared/bytes.ts'
import { factsOf } from '#shared/verdict/facts.ts'
import type { Rejection } from '#shared/verdict/rejection.ts'
import { bitString, octets, oid, sequence, set, utf8String } from '../der/writer.ts'
import { nameOf } from '../names.ts'

/** A UTF8String that is none: an octet of a longer character stands by itself. */
const bent = sequence(set(sequence(oid('2.5.4.3'), utf8String('é').subarray(0, 3).fill(1, 1, 2))))

const ed25519 = sequence(oid('1.3.101.112'))
const ed25519Key = sequence(ed25519, bitString(new Uint8Array(32)))

function usage(allowed: Bytes): Rejection {
  return { code: 'key_usage_forbids', at: 0, needed: 'digitalSignature', allowed }
}

function outside(form: 'dns' | 'ip' | 'directory' | 'otherName', name: string | Bytes): Rejection {
  return { code: 'name_constraint_violated', at: 0, constrainedBy: 1, form, name }
}

test.each<{ readonly what: string; readonly rejection: Rejection; readonly facts: unknown }>([
  {
    what: 'a Name',
    rejection: { code: 'untrusted', at: 2, issuer: nameOf(['O', 'Acme'], ['CN', 'Root']) },
    facts: { at: 2, issuer: 'CN=Root,O=Acme' },
  },
  {
    what: 'an algorithm, and a Name of nothing',
    rejection: { code: 'signature_invalid', at: 0, algorithm: ed25519, issuer: nameOf() },
    facts: { at: 0, algorithm: 'Ed25519', issuer: '' },
  },
  {
    what: 'a Name that cannot be written',
    rejection: { code: 'untrusted', at: 0, issuer: bent },
    facts: { at: 0, issuer: '300c310a300806035504030c01c3' },
  },
  {
    what: 'a Name as long as is told',
    rejection: { code: 'untrusted', at: 0, issuer: nameOf(['CN', 'x'.repeat(300)]) },
    facts: { at: 0, issuer: `CN=${'x'.repeat(253)}` },
  },
  {
    what: 'an address',
    rejection: outside('ip', octets(192, 0, 2, 1)),
    facts: { at: 0, constrainedBy: 1, form: 'ip', name: 'c0000201' },
  },
  {
    what: 'a directory name',
    rejection: outside('directory', nameOf(['CN', 'car-1'])),
    facts: { at: 0, constrainedBy: 1, form: 'directory', name: 'CN=car-1' },
  },
  {
    what: 'a host',
    rejection: outside('dns', 'x.a.org'),
    facts: { at: 0, constrainedBy: 1, form: 'dns', name: 'x.a.org' },
  },
  {
    what: 'a key',
    rejection: { code: 'key_unsupported', at: 1, key: ed25519Key, set: 'alb' },
    facts: { at: 1, key: 'Ed25519', set: 'alb' },
  },
  {
    what: 'an algorithm that is none of ours',
    rejection: { code: 'algorithm_unsupported', at: 0, algorithm: sequence(), set: 'alb' },
    facts: { at: 0, algorithm: 'AlgorithmIdentifier 3000', set: 'alb' },
  },
  {
    what: 'usages of the first octet and of the second',
    rejection: usage(octets(0x03, 0x80)),
    facts: {
      at: 0,
      needed: 'digitalSignature',
      allowed: ['cRLSign', 'encipherOnly', 'decipherOnly'],
    },
  },
  {
    what: 'all usages of the first octet but two',
    rejection: usage(octets(0x7c)),
    facts: {
      at: 0,
      needed: 'digitalSignature',
      allowed: [
        'nonRepudiation',
        'keyEncipherment',
        'dataEncipherment',
        'keyAgreement',
        'keyCertSign',
      ],
    },
  },
  { what: 'nothing', rejection: { code: 'no_certificate' }, facts: {} },
])('$what', ({ rejection, facts }) => {
  expect(factsOf(rejection)).toEqual(facts)
})
