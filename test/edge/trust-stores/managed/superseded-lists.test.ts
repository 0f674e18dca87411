import { beforeEach, describe, expect, test } from 'vitest'
import {
  createSupersededLists,
  type SupersededLists,
} from '#edge/trust-stores/managed/superseded-lists.ts'
import type { Bytes } from '#shared/bytes.ts'
import { compileCrl } from '#shared/revocation/compiled/compile.ts'
import { openByDigest } from '#shared/revocation/compiled/load.ts'
import type { RevocationList } from '#shared/revocation/crl-signature.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { createCrl, crlOf, type CrlOverrides } from '../../../shared/crls.ts'
import { context, integer, octets, sequence } from '../../../shared/der/writer.ts'
import { certificateOf, createCa, extension } from '../../../shared/pki.ts'
import { setClock, start, type SetClock } from '../../stage.ts'

const failStaticMs = 60_000
const ca = await createCa()
const other = await createCa({ subject: 'Other' })
const verifier = createWebCryptoVerifier()

const whole = async (overrides: CrlOverrides = {}, issuer = ca): Promise<RevocationList> =>
  crlOf(await createCrl(issuer, overrides))

const large = async (overrides: CrlOverrides = {}): Promise<RevocationList> =>
  openLarge(await createCrl(ca, overrides))

async function openLarge(der: Bytes): Promise<RevocationList> {
  const options = { issuer: certificateOf(ca), verifier, sign: 'by_digest' } as const
  const compiled = await compileCrl(crlOf(der), options)
  if (!compiled.ok) throw new Error(compiled.error.code)
  const opened = openByDigest(compiled.value.manifest, { loadShard: async () => undefined })
  if (!opened.ok) throw new Error(opened.error.code)
  return opened.value.list
}

let clock: SetClock
let asked: number[]
let superseded: SupersededLists

beforeEach(() => {
  clock = setClock(start)
  asked = []
  superseded = createSupersededLists({ clock, failStaticMs, asked: (at) => void asked.push(at) })
})

const scope = extension('2.5.29.28', sequence(context(1, octets(0xff))), 'critical')
const key = extension('2.5.29.35', sequence(context(0, octets(1))))
const base = extension('2.5.29.27', integer(7), 'critical')

const before = {
  whole: await whole(),
  large: await large(),
  delta: await whole({ number: 8, extensions: { base } }),
  ofOther: await whole({}, other),
  ofPart: await whole({ extensions: { scope } }),
  ofOtherKey: await whole({ extensions: { key } }),
}
const next = await large({ number: 9 })

describe('what was in force in the place of a large list', () => {
  test.each<{ name: string; lists: readonly (keyof typeof before)[]; kept: number }>([
    { name: 'a whole list', lists: ['whole'], kept: 1 },
    { name: 'a large list, with the delta over it', lists: ['large', 'delta'], kept: 2 },
    { name: 'nothing of another issuer', lists: ['ofOther'], kept: 0 },
    { name: 'nothing of another scope', lists: ['ofPart'], kept: 0 },
    { name: 'nothing of another key', lists: ['ofOtherKey'], kept: 0 },
  ])('$name', ({ lists, kept }) => {
    const all = lists.map((each) => before[each])
    superseded.replace({ lists: all, askedAt: start }, [next])
    expect(superseded.before(next)).toHaveLength(kept)
    expect(superseded.isAlone(next)).toBe(kept === 0)
  })

  test('it says by when it was in force, once it is asked', () => {
    superseded.replace({ lists: [before.large], askedAt: start }, [next])
    expect(asked).toEqual([])
    superseded.before(next)
    expect(asked).toEqual([start])
  })

  test.each([
    { name: 'until fail-static is over', ms: failStaticMs - 1, kept: 1 },
    { name: 'then no more', ms: failStaticMs, kept: 0 },
    { name: 'by a clock that was set back as far no more either', ms: -failStaticMs, kept: 0 },
  ])('$name: $kept', ({ ms, kept }) => {
    superseded.replace({ lists: [before.large], askedAt: start }, [next])
    clock.advance(ms)
    expect(superseded.before(next)).toHaveLength(kept)
    expect(asked).toHaveLength(kept)
  })

  test('a list that stays takes no place; one in memory whole needs no other', () => {
    superseded.replace({ lists: [before.large], askedAt: start }, [before.large, before.whole])
    expect(superseded.before(before.large)).toEqual([])
    expect(superseded.before(before.whole)).toEqual([])
  })

  test('one that was opened twice takes the place of the same', async () => {
    const der = await createCrl(ca, { number: 9 })
    const [once, again] = [await openLarge(der), await openLarge(der)]
    superseded.replace({ lists: [before.large], askedAt: start }, [once])
    superseded.replace({ lists: [once], askedAt: start }, [again])
    expect(superseded.before(again)).toEqual([before.large])
  })

  test('of more than 128 the oldest are forgotten', async () => {
    const many = await Promise.all(Array.from({ length: 130 }, () => large({ number: 9 })))
    for (const each of many) superseded.replace({ lists: [before.large], askedAt: start }, [each])
    expect(many.map((each) => superseded.before(each).length).indexOf(1)).toBe(2)
  })
})
