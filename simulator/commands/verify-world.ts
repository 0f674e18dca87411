import crypto from 'node:crypto'
import { equalBytes, type Bytes } from '#shared/bytes.ts'
import { createNodeVerifier } from '#shared/x509/node-verifier.ts'
import {
  readWorld,
  type CaseWorld,
  type CreateVerifier,
  type WorldFields,
} from './verify-answer.ts'

/**
 * Reads what cases are put to, and keeps the last of it: a factory's output is a hundred thousand
 * leaves below one anchor and one set of lists, whose signatures would be verified for each.
 *
 * What is kept answers only for the very octets and settings it was made from, so it says what a
 * fresh reading would; and there is one of it, whatever the file holds.
 */
export function createLastWorld(): (asked: WorldFields) => Promise<CaseWorld> {
  let last: { readonly asked: WorldFields; readonly world: CaseWorld } | undefined
  return async (asked) => {
    if (last !== undefined && areAlike(last.asked, asked)) return last.world
    const world = await readWorld(asked, nodeVerifier)
    last = { asked, world }
    return world
  }
}

const nodeVerifier: CreateVerifier = (rsaBitsMin, sha1) =>
  createNodeVerifier(crypto, rsaBitsMin, sha1)

/** By every field that `readWorld` looks at. */
function areAlike(a: WorldFields, b: WorldFields): boolean {
  return (
    a.maxDepth === b.maxDepth &&
    a.algs?.minRsaBits === b.algs?.minRsaBits &&
    a.algs?.allowSha1 === b.algs?.allowSha1 &&
    areSame(a.trust, b.trust) &&
    areSame(a.crls ?? [], b.crls ?? [])
  )
}

function areSame(a: readonly Bytes[], b: readonly Bytes[]): boolean {
  return a.length === b.length && a.every((bytes, nth) => equalBytes(bytes, b[nth] ?? empty))
}

const empty = new Uint8Array()
