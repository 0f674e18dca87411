import { describe, expect, test } from 'vitest'
import { certifiedConstraints, createAttacks } from './attacks.ts'
import { prepare } from './decide.ts'

const attacks = [...(await createAttacks()), ...(await certifiedConstraints())]

/** Counts and not times: these are the same on every machine. */
describe('what is presented to make a decision dear is refused within its budget', () => {
  test.each(attacks)('$name: $refused', async (attack) => {
    const decide = await prepare(attack)
    const { refused, signatures } = await decide()
    expect(refused).toBe(attack.refused)
    expect(signatures).toBeLessThanOrEqual(attack.signaturesMax)
  })
})
