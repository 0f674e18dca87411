import { expect, test } from 'vitest'
import { storeObject } from '#edge/trust-stores/managed/objects.ts'
import { toUtf8 } from '#shared/bytes.ts'
import { memoryPlane } from '../../control/plane.ts'
import { createPki } from '../../stage.ts'

/** Of ALB's 25 certificates in a bundle. */
const certificates = 20

test.each([
  ['alb', [`CA certificates: ${certificates} of at most 25`]],
  ['own', []],
] as const)(
  'what is near a limit goes by the quotas that the store was made by: %s',
  async (word, expected) => {
    const { authority } = await createPki()
    const plane = memoryPlane()
    const file = await storeObject(plane.objects, toUtf8(authority.anchorsPem.repeat(certificates)))
    const store = plane.store('cars')
    const change = { kind: 'replace_bundle', file } as const
    expect((await store.change(change, 'alice', word)).ok).toBe(true)
    const near = (await store.findings()).filter(({ code }) => code === 'near_limit')
    expect(near.map(({ because }) => because)).toEqual(expected)
    // Made anew by other tools, it comes up against their quotas.
    await store.change({ kind: 'delete' }, 'alice')
    await store.change(change, 'alice', word === 'alb' ? 'own' : 'alb')
    const then = (await store.findings()).filter(({ code }) => code === 'near_limit')
    expect(then.length).toBe(word === 'alb' ? 0 : 1)
  },
)
