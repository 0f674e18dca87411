import { readFile } from 'node:fs/promises'
import type { Plugin } from 'esbuild'
import { expect, test } from 'vitest'
import type { Sabotage } from '#simulator/engine/local-stage.ts'
import { noSabotage } from '#simulator/engine/local-stage.ts'
import { renderTerminal } from '#simulator/report/terminal.ts'
import { runSmall } from './run-small.ts'

/**
 * Each row breaks the edge in one place and says what the oracle must make of it. The oracle is
 * told nothing: it has the world's ledger only. A row whose text is gone from the source fails. The
 * same oracle meets more sabotages in virtual time (`virtual/soak.test.ts`): here are two of the
 * core and one of the front.
 */
const sabotages: readonly {
  readonly name: string
  readonly sabotage: Sabotage
  readonly finds: 'wrongAccepts' | 'unexplainedRefusals'
  readonly says: RegExp
}[] = [
  {
    name: 'the core skips the CRL',
    sabotage: changedSource(
      'shared/revocation/status.ts',
      'for (const { crl, entry } of answers) {',
      'for (const { crl, entry } of answers.slice(answers.length)) {',
    ),
    finds: 'wrongAccepts',
    says: /it is revoked, and the time to learn of it is over/,
  },
  {
    name: 'the core ignores expiry',
    sabotage: changedSource(
      'shared/path/checks/validity.ts',
      'if (!(now <= notAfter + lastSecondMs + graceMs))',
      'if (now > notAfter * 1000)',
    ),
    finds: 'wrongAccepts',
    says: /it has ended/,
  },
  {
    name: 'the front drops the chain',
    sabotage: {
      ...noSabotage,
      changeProfile: (profile) => ({
        ...profile,
        connectionFacts: (connection) =>
          profile.connectionFacts({ ...connection, chain: connection.chain.slice(0, 1) }),
      }),
    },
    finds: 'unexplainedRefusals',
    says: /refused:?\s+untrusted/,
  },
]

test.each(sabotages)(
  '$name: the oracle notices, and says how to see it again',
  async (row) => {
    const { result } = await runSmall({}, row.sabotage)
    expect(result.verdict).toBe('fail')
    expect(result.ended).toBe('complete')
    expect(result[row.finds]).toBeGreaterThan(0)
    const text = renderTerminal(result, { width: 1000, isColoured: false })
    expect(text).toMatch(row.says)
    expect(text.trimEnd().split('\n').at(-1)).toBe(
      'npm run sallyport -- run test/scenarios/small.yaml --seed 7',
    )
  },
  60_000,
)

test('without sabotage there is nothing to notice', async () => {
  const { result } = await runSmall()
  expect(result.failures).toEqual([])
  expect(result.verdict).toBe('pass')
}, 60_000)

/** The worker, bundled with one place of its source changed. */
function changedSource(path: string, find: string, replace: string): Sabotage {
  const plugin: Plugin = {
    name: 'sabotage',
    setup(build) {
      let changed = 0
      build.onLoad({ filter: /\.ts$/ }, async ({ path: loaded }) => {
        if (!loaded.endsWith(`/${path}`)) return undefined
        const source = await readFile(loaded, 'utf8')
        const parts = source.split(find)
        if (parts.length !== 2) throw new Error(`${path} holds "${find}" ${parts.length - 1} times`)
        changed += 1
        return { contents: parts.join(replace), loader: 'ts' }
      })
      build.onEnd(() => {
        if (changed !== 1) throw new Error(`${path} was changed ${changed} times`)
      })
    },
  }
  return { ...noSabotage, bundlePlugins: [plugin] }
}
