import { compiledOperations, firstAnswerOperations } from './compiled.ts'
import { crlLoadAloneOperations, crlLoadOperations, crlLookupOperations } from './crl.ts'
import { albOperations, rfc9440Operations } from './headers.ts'
import type { Operations } from './operation.ts'
import { parseOperations } from './parse.ts'
import { sessionOperations } from './session.ts'
import { coldOperations, knownOperations, repeatOperations } from './verify.ts'

/** By the name that a runtime is asked for: one row a set. */
export const operationSets = {
  parse: parseOperations,
  known: knownOperations,
  cold: coldOperations,
  repeat: repeatOperations,
  crlLoad: crlLoadOperations,
  crlLoadAlone: crlLoadAloneOperations,
  crlLookup: crlLookupOperations,
  compiled: compiledOperations,
  firstAnswer: firstAnswerOperations,
  alb: albOperations,
  rfc9440: rfc9440Operations,
  session: sessionOperations,
} as const satisfies Readonly<Record<string, Operations>>

export type OperationSet = keyof typeof operationSets

export function isOperationSet(name: string): name is OperationSet {
  return Object.hasOwn(operationSets, name)
}
