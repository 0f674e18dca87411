import { describe, expect, test } from 'vitest'
import { checkRevocation } from '#shared/path/checks/revocation.ts'
import { strictPolicy, type VerificationPolicy } from '#shared/path/policy.ts'
import type { FreshnessPolicy } from '#shared/revocation/freshness.ts'
import { questionOf } from '#shared/revocation/scope.ts'
import { createCrl, crlOf } from '../../crls.ts'
import { at, certificateOf, createCa, issue, noon } from '../../pki.ts'
import { trust } from '../../relying-party.ts'

const root = await createCa()
const question = questionOf(certificateOf(await issue(root)))
const store = await trust({ anchors: [root] })
const current = crlOf(await createCrl(root))
const stale = crlOf(await createCrl(root, { nextUpdate: at('2026-06-15T00:00:00Z') }))
const early = crlOf(await createCrl(root, { thisUpdate: at('2026-06-16T00:00:00Z') }))

type Word = FreshnessPolicy['stale']

const policyOf = (onStale: Word, onAbsent: Word, graceMs = 0): VerificationPolicy => ({
  ...strictPolicy,
  revocation: { of: 'chain', freshness: { graceMs, stale: onStale, absent: onAbsent } },
})

const strict = policyOf('refuse', 'refuse')
const lenient = policyOf('accept', 'accept')
const takesAbsent = policyOf('refuse', 'accept')
const takesStale = policyOf('accept', 'refuse')
const ended = noon - at('2026-06-15T00:00:00Z')

describe('what an unknown status comes to', () => {
  test.each([
    { name: 'a current list', crls: [current], policy: strict, says: 'ok' },
    { name: 'no list', crls: [], policy: strict, says: 'absent' },
    { name: 'no list, taken', crls: [], policy: lenient, says: 'ok' },
    {
      name: 'no list, taken, whatever the word on stale ones',
      crls: [],
      policy: takesAbsent,
      says: 'ok',
    },
    {
      name: 'forged lists alone',
      crls: [],
      forged: true,
      policy: strict,
      says: 'forged',
    },
    {
      name: 'forged lists alone, where both words take',
      crls: [],
      forged: true,
      policy: lenient,
      says: 'forged',
    },
    {
      name: 'a stale list beside forged ones',
      crls: [stale],
      forged: true,
      policy: strict,
      says: 'stale',
    },
    {
      name: 'a stale list beside forged ones, where both words take',
      crls: [stale],
      forged: true,
      policy: lenient,
      says: 'ok',
    },
    { name: 'a stale list', crls: [stale], policy: strict, says: 'stale' },
    { name: 'a stale list, taken', crls: [stale], policy: lenient, says: 'ok' },
    {
      name: 'a stale list, where the word on absent ones takes',
      crls: [stale],
      policy: takesAbsent,
      says: 'stale',
    },
    {
      name: 'a stale list, where its own word takes',
      crls: [stale],
      policy: takesStale,
      says: 'ok',
    },
    {
      name: 'a list from tomorrow, taken like none',
      crls: [early],
      policy: takesAbsent,
      says: 'ok',
    },
    {
      name: 'no list, where the word on stale ones takes',
      crls: [],
      policy: takesStale,
      says: 'absent',
    },
    {
      name: 'the last instant of grace',
      crls: [stale],
      policy: policyOf('refuse', 'refuse', ended),
      says: 'ok',
    },
    {
      name: 'the first instant after it',
      crls: [stale],
      policy: policyOf('refuse', 'refuse', ended - 1),
      says: 'stale',
    },
    {
      name: 'a list from tomorrow',
      crls: [early],
      policy: strict,
      says: 'not_yet_current',
    },
  ])('$name: $says', async ({ crls, forged = false, policy, says }) => {
    const result = await checkRevocation(
      question,
      3,
      { crls, forged },
      { store, policy, now: noon },
    )
    const refused = { code: 'revocation_unknown', at: 3, serial: '2A', gap: says }
    expect(result.ok ? 'ok' : result.error).toEqual(says === 'ok' ? 'ok' : refused)
  })
})

describe('words of their own on the lists of CA certificates', () => {
  const ofDevices = { ...lenient.revocation, freshnessOfCas: strict.revocation.freshness }
  const ofCas = { ...strict.revocation, freshnessOfCas: lenient.revocation.freshness }
  test.each([
    { name: 'a device, taken', revocation: ofDevices, place: 0, says: 'ok' },
    { name: 'its CA, refused', revocation: ofDevices, place: 1, says: 'revocation_unknown' },
    { name: 'a device, refused', revocation: ofCas, place: 0, says: 'revocation_unknown' },
    { name: 'its CA, taken', revocation: ofCas, place: 1, says: 'ok' },
  ])('$name', async ({ revocation, place, says }) => {
    for (const crls of [[], [stale]]) {
      const policy = { ...strictPolicy, revocation }
      const result = await checkRevocation(
        question,
        place,
        { crls, forged: false },
        { store, policy, now: noon },
      )
      expect(result.ok ? 'ok' : result.error.code).toBe(says)
    }
  })
})

describe('revoked by word of an operator', () => {
  const word = { issuer: certificateOf(root).subject, serial: '2A', since: noon }
  const others = [
    { ...word, serial: '2B' },
    { ...word, issuer: certificateOf(root).subject.slice(0, -1) },
  ]

  test.each([
    { name: 'with a list that clears it', crls: [current], policy: strict },
    { name: 'without a list', crls: [], policy: lenient },
  ])('$name: revoked since the word', async ({ crls, policy }) => {
    const { revokedSerials } = await trust({ anchors: [root], revokedSerials: [...others, word] })
    const context = { store: { revokedSerials }, policy, now: noon }
    expect(checkRevocation(question, 1, { crls, forged: false }, context)).toEqual({
      ok: false,
      error: { code: 'revoked', at: 1, serial: '2A', since: noon },
    })
  })

  test('words on others say nothing of it', async () => {
    const { revokedSerials } = await trust({ anchors: [root], revokedSerials: others })
    const context = { store: { revokedSerials }, policy: strict, now: noon }
    const lists = { crls: [current], forged: false }
    expect(checkRevocation(question, 1, lists, context)).toMatchObject({ ok: true })
  })
})
