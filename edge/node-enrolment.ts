import * as nodeCrypto from 'node:crypto'
import { createNodeVerifier } from '#shared/x509/node-verifier.ts'
import { runtimeFetch } from './enrollment/signers/ask-ca.ts'
import { openNodeRegistry } from './node-registry.ts'
import { runtimeClock, runtimeRandom, type OpenEnrolment } from './ports.ts'

/** Enrolment on Node, with the registry in a directory: that of a local control plane may be the same. */
export function nodeEnrolment(directory: string): OpenEnrolment {
  return ({ rules }) => ({
    registry: openNodeRegistry({
      directory,
      rules,
      clock: runtimeClock,
      random: runtimeRandom,
      verifier: createNodeVerifier(nodeCrypto),
      alarm: ({ claim, refused }) =>
        console.error(`the claim ${claim} has leaked: it was shown ${refused} times too often`),
    }),
    askCa: runtimeFetch,
    report: (sentence) => console.error(sentence),
  })
}
