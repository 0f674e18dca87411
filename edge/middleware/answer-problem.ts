import type { Context } from 'hono'
import type { AppEnv, Ports } from '../context.ts'
import { problemDocument, problemId, type ProblemCode } from '../observe/problem.ts'

/** Answers with a problem document of a new id, which the request's log line will bear. */
export function answerProblem(
  context: Context<AppEnv>,
  { random }: Pick<Ports, 'random'>,
  code: ProblemCode,
): Response {
  const problem = { code, id: problemId(random) }
  context.set('problem', problem)
  return problemDocument(problem)
}
