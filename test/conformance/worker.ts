import { createRuntimeVerifier } from '#edge/runtime-verifier.ts'
import { createWebCryptoVerifier } from '#shared/x509/web-crypto-verifier.ts'
import { readWorld } from '#simulator/commands/verify-answer.ts'
import { createJudges, type Judges, type Kind } from './judge.ts'

const judges = createJudges(
  (asked) => readWorld(asked, createRuntimeVerifier),
  [createRuntimeVerifier(), createWebCryptoVerifier()],
)

/** Answers an array of questions of the kind that the path names, in order. */
export default {
  async fetch(request: Request): Promise<Response> {
    const judge = judgeOf(new URL(request.url).pathname.slice(1))
    if (judge === undefined) return new Response('no such kind', { status: 404 })
    const answers: unknown[] = []
    for (const question of (await request.json()) as readonly unknown[]) {
      answers.push(await judge(question))
    }
    return Response.json(answers)
  },
}

function judgeOf(name: string): ((question: unknown) => Promise<unknown>) | undefined {
  if (!isKind(name)) return undefined
  return judges[name] as (question: unknown) => Promise<unknown>
}

function isKind(name: string): name is Kind {
  return (['case', 'encoding', 'signature'] satisfies (keyof Judges)[]).some(
    (each) => each === name,
  )
}
