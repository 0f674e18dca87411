import type { FetchHandler } from './fetch.ts'
import { doorOf, requestOfEvent, type LambdaDoor, type LambdaEvent } from './lambda-event.ts'
import { resultOf, type LambdaResult } from './lambda-result.ts'
import { problemDocument, problemId, type ProblemCode } from './observe/problem.ts'
import type { Platform } from './platforms/platform.ts'

/**
 * Platforms whose facts are true of one kind of event alone: in another's, ALB's headers were
 * written by a client, and ALB's context says nothing of certificates.
 */
const doorsOf: Readonly<Record<string, readonly LambdaDoor[]>> = {
  alb: ['alb'],
  'api-gateway': ['payload-1', 'payload-2'],
}

/**
 * A Lambda handler around the edge app or somebody's own, for events of ALB, API Gateway (REST and HTTP, payloads 1.0
 * and 2.0) and function URLs. An event that came in by another door than the platform's is refused
 * with 421, and one that is no HTTP request with 400.
 */
export function createLambdaHandler(
  app: FetchHandler,
  platform: Platform,
): (event: LambdaEvent) => Promise<LambdaResult> {
  const doors = doorsOf[platform.name]
  return async (event) => {
    if (doors?.includes(doorOf(event)) === false) {
      return resultOf(event, problemOf('not_from_terminator'))
    }
    const request = readRequest(event)
    if (request === undefined) return resultOf(event, new Response(null, { status: 400 }))
    return resultOf(event, await app.fetch(request))
  }
}

function problemOf(code: ProblemCode): Response {
  const id = problemId((count) => crypto.getRandomValues(new Uint8Array(count)))
  console.error(`problem ${id}: the event came by another door than the listener's platform`)
  return problemDocument({ code, id })
}

function readRequest(event: LambdaEvent): Request | undefined {
  try {
    return requestOfEvent(event)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    console.error(`an event is no HTTP request: ${error.message}`)
    return undefined
  }
}
