import * as nodeCrypto from 'node:crypto'
import { createNodeVerifier } from '#shared/x509/node-verifier.ts'
import { approvalBy, type ApprovalVariables } from '../enrollment/registry/approval-hook.ts'
import { runtimeFetch } from '../enrollment/signers/ask-ca.ts'
import { openNodeRegistry } from './registry.ts'
import { runtimeClock, runtimeRandom, type OpenEnrolment } from '../ports.ts'
import { webPost } from '../trust-stores/sources/web-fetch.ts'

/**
 * Enrolment on Node, with the registry in a directory: that of a local control plane may be the same.
 * Throws an Error that names the variable at fault.
 */
export function nodeEnrolment(directory: string, variables: ApprovalVariables = {}): OpenEnrolment {
  const approve = approvalBy(variables, { post: webPost, clock: runtimeClock, report })
  return ({ rules }) => ({
    registry: openNodeRegistry({
      directory,
      rules,
      clock: runtimeClock,
      random: runtimeRandom,
      verifier: createNodeVerifier(nodeCrypto),
      approve,
      alarm: ({ claim, refused }) =>
        console.error(`the claim ${claim} has leaked: it was shown ${refused} times too often`),
    }),
    askCa: runtimeFetch,
    report,
  })
}

function report(sentence: string): void {
  console.error(sentence)
}
