import { runtimeAfter, type After } from '../../routing/deadline.ts'

/** What does not come in so many milliseconds is an Error; the work itself goes on. */
export function within<Value>(
  ms: number,
  work: Promise<Value>,
  after: After = runtimeAfter,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const cancel = after(ms, () => reject(new Error(`no answer within ${ms} ms`)))
    work.then(resolve, reject).finally(cancel)
  })
}
