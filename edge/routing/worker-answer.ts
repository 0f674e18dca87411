import { withPath } from '../websocket/worker-socket.ts'
import { runtimeAfter } from './deadline.ts'
import { answerSilenceMs, type AnswerLimits } from './target.ts'

/** Octets of an answer that is waited for as a whole: it takes no longer than its beginning, and costs less than a stream. */
const wholeOctetsMax = 64 * 1024

/**
 * A target's answer as a Worker hands it on: a WebSocket whose path can be taken, or a body that is
 * cut where its target falls silent. A small one is there as a whole: rejects where it is not in the
 * time of its request's signal.
 *
 * @param target as logs name it
 */
export async function workerAnswer(
  response: Response,
  target: string,
  { silenceMs }: AnswerLimits = { silenceMs: answerSilenceMs },
): Promise<Response> {
  const { body, headers } = response
  if (response.webSocket) return withPath(response)
  // Read here it would be decoded and encoded anew: it goes on as it is, watched by Cloudflare's own network.
  if (body === null || headers.has('content-encoding')) return response
  const length = headers.get('content-length')
  if (length !== null && Number(length) <= wholeOctetsMax) {
    return new Response(await response.arrayBuffer(), response)
  }
  const { readable, writable } =
    length === null ? new IdentityTransformStream() : new FixedLengthStream(Number(length))
  void carry(body.getReader(), writable.getWriter(), { silenceMs, target })
  return new Response(readable, response)
}

type Reader = ReadableStreamDefaultReader<Uint8Array>

/**
 * Part by part, by hand, between streams of the runtime: a stream of JavaScript's costs more than
 * twice as much. The time that a client takes to read is not the target's.
 */
async function carry(
  from: Reader,
  to: WritableStreamDefaultWriter<Uint8Array>,
  { silenceMs, target }: { readonly silenceMs: number; readonly target: string },
): Promise<void> {
  try {
    for (;;) {
      const part = await nextPart(from, silenceMs).catch((error: unknown) => {
        console.error(`an answer of the target ${target} was cut: ${String(error)}`)
        throw error
      })
      if (part.done) return await to.close()
      await to.write(part.value)
    }
  } catch (error) {
    // One end is broken, and the client's own going is no fault: the other end is to hear of it.
    await Promise.allSettled([from.cancel(error), to.abort(error)])
    return undefined
  }
}

/** Throws where none comes in time, or the target broke off. */
async function nextPart(
  from: Reader,
  silenceMs: number,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  let silence: Error | undefined
  const stop = runtimeAfter(silenceMs, () => {
    silence = new Error(`it was silent for ${silenceMs} ms`)
    // The read under way hears of it.
    void from.cancel(silence).catch(() => undefined)
  })
  try {
    const part = await from.read()
    // By the standard a cancelled stream looks like one that came to its end.
    if (silence !== undefined) throw silence
    return part
  } finally {
    stop()
  }
}
