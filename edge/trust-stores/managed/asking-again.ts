/*
 * How a bucket or a control plane that fails is asked again: in the way of whoever waits for it, and,
 * once it is known to be away, beside the requests.
 */

/** While it is away it is asked for once a second, beside the requests: none waits for it. */
export const awayRetryMs = 1000

/**
 * What hangs answers no more: a try beside the requests that was not done in this time never will be.
 * The longest is four questions to the control plane, what lies between them, and some loading.
 */
export const tryingMs = 15_000

/**
 * Asks until it is answered, once more behind each of the waits. Throws what was thrown last.
 *
 * @param waitsMs milliseconds between two questions: one question more than there are waits
 * @param wait lets time pass
 */
export async function askingAgain<Answer>(
  ask: () => Promise<Answer>,
  waitsMs: readonly number[],
  wait: (ms: number) => Promise<void>,
): Promise<Answer> {
  for (const waitMs of waitsMs) {
    try {
      return await ask()
    } catch {
      // Asked again; what is thrown the last time is told.
      await wait(waitMs)
    }
  }
  return ask()
}
