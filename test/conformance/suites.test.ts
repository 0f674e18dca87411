import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { divergences } from './divergences.ts'
import { checkLedger, type Compared } from './ledger.ts'
import { parseSuite } from './parses.ts'
import { judgeSuite } from './paths.ts'
import { startRuntime, type Runtime, type RuntimeName } from './runtimes.ts'
import { suiteFile } from './suites.ts'

/*
 * The suites that take no longer than a test may, in Node and inside workerd; `npm run conformance`
 * asks all of them, and looks for stale divergences too.
 */

const suites = [
  { suite: 'limbo-client', ask: judgeSuite },
  { suite: 'bettertls-path-client', ask: judgeSuite },
  { suite: 'bssl-crl', ask: judgeSuite },
  { suite: 'openssl-crl', ask: judgeSuite },
  { suite: 'webpki-crl', ask: judgeSuite },
  { suite: 'rfc9440-chain', ask: judgeSuite },
  { suite: 'bssl-parse', ask: parseSuite },
  { suite: 'webpki-crlparse', ask: parseSuite },
] as const

const runtimes: readonly RuntimeName[] = ['node', 'workerd']

/** Suites lie beside the checkout: without them there is nothing to ask, but under CI they may not be missing. */
const isMissing = suiteFile('limbo-client.jsonl.gz') === undefined && process.env['CI'] !== 'true'

describe.skipIf(isMissing).each(runtimes)('third-party cases in %s', (name) => {
  let runtime: Runtime
  beforeAll(async () => {
    runtime = await startRuntime(name)
  })
  afterAll(async () => {
    await runtime.close()
  })

  test.each(suites)('$suite: nothing unexplained', { timeout: 30_000 }, async ({ suite, ask }) => {
    const compared: (Compared & { readonly detail: string })[] = []
    const file = suiteFile(`${suite}.jsonl.gz`) ?? ''
    for await (const each of ask(suite, file, runtime)) compared.push(each)
    expect(compared.length).toBeGreaterThan(0)
    expect(checkLedger(compared, divergences).unexplained).toEqual([])
  })
})
