import type { Context } from 'hono'
import { accepts } from 'hono/accepts'
import type { AppEnv, Ports } from '../context.ts'
import { problemPage } from '../observe/problem-page.ts'
import { problemDocument, problemId, type ProblemCode } from '../observe/problem.ts'

/**
 * Answers with a problem of a new id, which the request's log line will bear: a document, and a page
 * for whoever would rather have text/html, as browsers say of themselves.
 */
export function answerProblem(
  context: Context<AppEnv>,
  { random }: Pick<Ports, 'random'>,
  code: ProblemCode,
): Response {
  const problem = { code, id: problemId(random) }
  context.set('problem', problem)
  return prefersPage(context) ? problemPage(problem) : problemDocument(problem)
}

const document = 'application/problem+json'

/** RFC 9110 12.5.1. Any type, or no word at all, is answered as devices expect it. */
function prefersPage(context: Context<AppEnv>): boolean {
  const supports = [document, 'application/json', 'text/html']
  return accepts(context, { header: 'Accept', supports, default: document }) === 'text/html'
}
