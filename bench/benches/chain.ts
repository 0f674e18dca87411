import type { Bench, Goal } from '../bench.ts'
import { alternate } from '../measure.ts'
import type { RuntimeName } from '../operations/operation.ts'
import { createPki, fixtureOf } from '../pki.ts'

/** Entries of the intermediate's list: a fleet of some ten thousand devices has such a one. */
const crlEntries = 1000

/** More leaves than a turn repeats soon, few enough that their keys are made soon. */
const leaves = 16

const kinds = ['P-256', 'RSA-2048', 'Ed25519'] as const
type Kind = (typeof kinds)[number]

interface Peers {
  readonly runtime: RuntimeName
  /** OpenSSL's name, where it is in the run. */
  readonly openssl: string | undefined
}

/** Each way of ours beside the bare verification that it is made over. */
const ours = [
  { of: 'ours (node:crypto)', to: 'bare node:crypto verify' },
  { of: 'ours (WebCrypto)', to: 'bare subtle.verify' },
]

type Goals = (kind: Kind, peers: Peers) => readonly Goal[]

export const chainBenches: readonly Bench[] = [
  chainBench('known', 'a new leaf below a known intermediate, CRL of 1,000 entries', knownGoals),
  chainBench('cold', 'a cold chain of two signatures, CRL of 1,000 entries', coldGoals),
  {
    name: 'repeat',
    title: 'a repeated leaf, validity and revocation decided again, CRL of 1,000 entries',
    runtimes: ['node', 'workerd'],
    async *run({ runtime, rounds }) {
      const fixture = fixtureOf(createPki('P-256'), crlEntries)
      const figures = await alternate(await runtime.contenders('repeat', fixture), rounds)
      const atMost = runtime.name === 'node' ? 3 : 2
      const goals = ours.map(({ of }) => ({ of, atMost }))
      yield { title: 'P-256', unit: 'µs', figures, goals }
    },
  },
]

function chainBench(name: 'known' | 'cold', title: string, goals: Goals): Bench {
  return {
    name,
    title,
    runtimes: ['node', 'workerd'],
    async *run({ runtime, rounds, openssl }) {
      for (const kind of kinds) {
        const fixture = fixtureOf(createPki(kind, leaves), crlEntries)
        const contenders = await runtime.contenders(name, fixture)
        const peers = openssl === undefined ? [] : [openssl.verify(name, fixture)]
        const figures = await alternate([...contenders, ...peers], rounds)
        const asked = { runtime: runtime.name, openssl: openssl?.name }
        yield { title: kind, unit: 'µs', figures, goals: goals(kind, asked) }
      }
    },
  }
}

function knownGoals(kind: Kind): readonly Goal[] {
  const atMost = kind === 'RSA-2048' ? 1.25 : 1.1
  return ours.map((each) => ({ ...each, atMost }))
}

/** 1.25 times two verifications in workerd, 1.7 times in Node; 0.6 of OpenSSL 3.0 with lists. */
function coldGoals(kind: Kind, { runtime, openssl }: Peers): readonly Goal[] {
  const atMost = 2 * (runtime === 'node' ? 1.7 : 1.25)
  const bare = ours.map((each) => ({ ...each, atMost }))
  if (kind !== 'P-256' || openssl === undefined) return bare
  return [...bare, ...ours.map(({ of }) => ({ of, to: openssl, atMost: 0.6 }))]
}
