import { describe, expect, test } from 'vitest'
import { createTargetPool, type Target } from '#edge/routing/target.ts'
import { targetFaultOf } from '#edge/routing/target-fault.ts'
import { setClock } from '../stage.ts'

const target = (name: string): Target => ({
  name,
  send: async () => new Response(),
  addressOf: (requested) => new URL(requested),
})
const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(target) as [Target, Target, Target, Target]
const namesOf = (targets: readonly Target[]) => targets.map(({ name }) => name).join('')

describe('a group', () => {
  test('takes turns, and tries three for one request at most', () => {
    const pool = createTargetPool([a, b, c, d], setClock())
    const orders = Array.from({ length: 5 }, () => namesOf(pool.next()))
    expect(orders).toEqual(['abc', 'bcd', 'cda', 'dab', 'abc'])
  })

  test('passes over who did not answer for ten seconds', () => {
    const clock = setClock()
    const pool = createTargetPool([a, b], clock)
    pool.passOver(a)
    expect([namesOf(pool.next()), namesOf(pool.next())]).toEqual(['b', 'b'])
    clock.advance(9_999)
    expect(namesOf(pool.next())).toBe('b')
    clock.advance(1)
    expect([namesOf(pool.next()), namesOf(pool.next())]).toEqual(['ba', 'ab'])
  })

  test('passes over nobody where all are away', () => {
    const pool = createTargetPool([a, b], setClock())
    pool.passOver(a)
    pool.passOver(b)
    expect([namesOf(pool.next()), namesOf(pool.next())]).toEqual(['ab', 'ba'])
  })

  test('asks who failed longest ago, and takes in who answers', () => {
    const clock = setClock()
    const pool = createTargetPool([a, b, c], clock)
    for (const each of [b, c, a]) {
      pool.passOver(each)
      clock.advance(1)
    }
    expect([namesOf(pool.next()), namesOf(pool.next())]).toEqual(['bca', 'bca'])
    pool.takeIn(c)
    expect([namesOf(pool.next()), namesOf(pool.next())]).toEqual(['c', 'c'])
  })

  test('without targets', () => {
    expect(createTargetPool([], setClock()).next()).toEqual([])
  })
})

const system = (code: string) => Object.assign(new Error(code), { code })

describe('why a target did not answer', () => {
  test.each([
    [system('ECONNREFUSED'), false, 'target_unreachable', 'nothing'],
    [system('ENOTFOUND'), false, 'target_unreachable', 'nothing'],
    [system('UND_ERR_CONNECT_TIMEOUT'), false, 'target_timeout', 'nothing'],
    [system('ECONNRESET'), false, 'target_unreachable', 'perhaps'],
    [system('UND_ERR_SOCKET'), false, 'target_unreachable', 'perhaps'],
    [system('CLOUDFLARE_520'), false, 'target_unreachable', 'perhaps'],
    [system('CLOUDFLARE_521'), false, 'target_unreachable', 'nothing'],
    [system('CLOUDFLARE_522'), false, 'target_timeout', 'perhaps'],
    [system('CLOUDFLARE_524'), false, 'target_timeout', 'perhaps'],
    [system('CLOUDFLARE_530'), false, 'target_unreachable', 'nothing'],
    [new Error('aborted'), true, 'target_timeout', 'perhaps'],
    [new Error('Network connection lost.'), false, 'target_unreachable', 'perhaps'],
    [
      new TypeError('fetch failed', { cause: system('ECONNREFUSED') }),
      false,
      'target_unreachable',
      'nothing',
    ],
    ['a text', false, 'target_unreachable', 'perhaps'],
  ] as const)('%s', (error, isLate, code, sent) => {
    expect(targetFaultOf(error, isLate)).toEqual({ code, sent })
  })
})
