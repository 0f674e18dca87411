import type { Bytes } from '#shared/bytes.ts'
import { instantFromIso } from '#shared/time.ts'

/** The instant that every bench decides at; certificates and CRLs are current then. */
export const benchNow = instantFromIso('2027-01-15T12:00:00Z')

/** Octets that a runtime is given to work on, by name: all that crosses from one process to another. */
export type Fixture = Readonly<Record<string, readonly Bytes[]>>

export type RuntimeName = 'node' | 'workerd'

/** One thing that is measured, in whatever runtime this code finds itself in. */
export interface Operation {
  readonly name: string
  run(times: number): Promise<void>
}

/** What one bench compares, made from its fixture. */
export type Operations = (
  fixture: Fixture,
  runtime: RuntimeName,
) => readonly Operation[] | Promise<readonly Operation[]>

/** An operation that is done at once. `nth` counts on over all turns. */
export function atOnce(name: string, once: (nth: number) => unknown): Operation {
  let nth = 0
  return {
    name,
    run(times) {
      for (let done = 0; done < times; done += 1) once((nth += 1))
      return Promise.resolve()
    },
  }
}

/** An operation that is waited for, one after another. */
export function awaited(name: string, once: (nth: number) => Promise<unknown>): Operation {
  let nth = 0
  return {
    name,
    async run(times) {
      for (let done = 0; done < times; done += 1) await once((nth += 1))
    },
  }
}

/** The octets of this name, the first of several; throws where the fixture lacks them. */
export function octetsOf(fixture: Fixture, name: string): Bytes {
  const [first] = fixture[name] ?? []
  if (first === undefined) throw new Error(`the fixture lacks ${name}`)
  return first
}

/** Fails the bench: what does not do its work costs nothing and would win. */
export function expectTrue(holds: boolean, what: string): void {
  if (!holds) throw new Error(`${what} did not do its work`)
}

/** Requests that are made ready: by the time one comes again, nothing of its octets is at hand. */
const requests = 64

/**
 * The leaf of each request, in octets of its own. They are made beforehand: what reading them out of a
 * header costs is in the figures of headers, and two copies a request cost as much as a third of
 * deciding on a leaf that comes again.
 */
export function requestedLeaves(fixture: Fixture): readonly Bytes[] {
  const first = octetsOf(fixture, 'leaves')
  const { leaves = [] } = fixture
  return Array.from({ length: requests }, (_, nth) =>
    (leaves[nth % leaves.length] ?? first).slice(),
  )
}
