import type { Guard } from './held-session.ts'

/** Takes the path of a session that a target agreed to, and answers the device in its place. */
export type TakePath = (guard: Guard) => Response

/** Runtimes differ in how a response agrees to an upgrade: who opened the target knows. */
const offered = new WeakMap<Response, TakePath>()

/** A target's agreement to an upgrade, whose path can be taken. Handed on as it is: a copy offers none. */
export function offerPath(response: Response, take: TakePath): Response {
  offered.set(response, take)
  return response
}

/** Undefined where a response is no agreement to an upgrade. */
export const takePathOf = (response: Response): TakePath | undefined => offered.get(response)
