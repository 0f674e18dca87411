import { parseCrl } from '#shared/revocation/crl.ts'
import type { Bench, Goal, Section } from '../bench.ts'
import { alternate, figureOf, type Contender, type Figure } from '../measure.ts'
import type { Fixture } from '../operations/operation.ts'
import { valueOf } from '../operations/relying-party.ts'
import { createPki, fixtureOf, serialsIn } from '../pki.ts'
import { retainedOctets } from '../retained.ts'

const million = 1_000_000

export const crlBench: Bench = {
  name: 'crl',
  title: 'a CRL read and indexed, warm',
  runtimes: ['node', 'workerd'],
  async *run({ runtime, rounds, openssl }) {
    const pki = createPki('P-256')
    const few = fixtureOf(pki, 100_000)
    const many = fixtureOf(pki, million)
    const load = (fixture: Fixture): Contender[] => (openssl ? [openssl.crl('load', fixture)] : [])
    const hundred = [...(await runtime.contenders('crlLoad', few)), ...load(few)]
    yield loadSection('100,000 entries', await alternate(hundred, rounds), 8)
    // The peers' figure at 100,000 says enough: they take most of a minute for a million.
    const thousand = [...(await runtime.contenders('crlLoadAlone', many)), ...load(many)]
    yield loadSection('1,000,000 entries', await alternate(thousand, rounds), 100)
    const lookup = await runtime.contenders('crlLookup', withSerials(many))
    const peers = openssl ? [openssl.crl('lookup', many)] : []
    yield {
      title: 'a serial looked up among 1,000,000',
      unit: 'µs',
      figures: await alternate([...lookup, ...peers], rounds),
      goals: ['ours, listed', 'ours, not listed'].map((of): Goal => ({ of, atMost: 1 })),
    }
    if (runtime.name === 'node') yield await retainedSection(many)
  },
}

/** Milliseconds read better where a list is long. */
function loadSection(title: string, figures: readonly Figure[], atMost: number): Section {
  const inMs = figures.map(({ name, median, min }) => ({
    name,
    median: median / 1000,
    min: min / 1000,
  }))
  return { title, unit: 'ms', figures: inMs, goals: [{ of: 'ours', atMost }] }
}

/** Ten thousand of each kind: more than any cache of the processor keeps the way to. */
function withSerials({ crl: [crl = new Uint8Array()] = [] }: Fixture): Fixture {
  const listed = serialsIn(crl, million).filter((_, nth) => nth % 100 === 0)
  const unlisted = listed.map((serial) => {
    const other = serial.slice()
    other[15] = (other[15] ?? 0) ^ 0xff
    return other
  })
  return { crl: [crl], listed: shuffled(listed), unlisted: shuffled(unlisted) }
}

/** Far apart in the list one after another; 7919 is a prime that divides no such count. */
function shuffled<Each>(all: readonly Each[]): Each[] {
  return all.flatMap((_, nth) => all[(nth * 7919) % all.length] ?? [])
}

async function retainedSection({ crl: [der = new Uint8Array()] = [] }: Fixture): Promise<Section> {
  const octets = (await retainedOctets(() => valueOf(parseCrl(der)))) / million
  const figures = [figureOf('ours, over the DER', [octets])]
  return {
    title: 'memory of an entry, 1,000,000 entries',
    unit: 'B',
    figures,
    goals: [{ of: 'ours, over the DER', atMost: 10 }],
  }
}
