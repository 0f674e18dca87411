import type { IncomingMessage, ServerResponse } from 'node:http'
import { errors, type Dispatcher } from 'undici'
import { endToEndHeaders, frontHeader } from './headers.ts'

/**
 * Sends a request on with these header fields (a flat list of names and values) and streams the
 * answer back. An upstream that fails is answered for with 502.
 */
export function proxyRequest(
  pool: Dispatcher,
  headers: string[],
  request: IncomingMessage,
  response: ServerResponse,
): void {
  pool.dispatch(
    {
      path: request.url ?? '/',
      method: request.method ?? 'GET',
      headers,
      body: hasBody(request) ? request : null,
    },
    answerHandler(response),
  )
}

/** RFC 9112 6.3: a request has content when one of these fields says so. */
function hasBody({ headers }: IncomingMessage): boolean {
  if (headers['transfer-encoding'] !== undefined) return true
  return headers['content-length'] !== undefined && headers['content-length'] !== '0'
}

/** Copies the upstream's answer to the client, at the client's pace. */
function answerHandler(response: ServerResponse): Dispatcher.DispatchHandler {
  return {
    onRequestStart(controller) {
      response.once('close', () => {
        if (!response.writableFinished) controller.abort(new Error('the client went away'))
      })
      response.on('drain', () => controller.resume())
    },
    onResponseStart(_controller, status, headers) {
      if (status >= 200) response.writeHead(status, endToEndHeaders(headers))
    },
    onResponseData(controller, chunk) {
      if (!response.write(chunk)) controller.pause()
    },
    onResponseEnd() {
      response.end()
    },
    onResponseError(_controller, error) {
      answerFailure(response, error)
    },
  }
}

/** An answer that is none of the worker's: says so, or cuts the connection if it is too late. */
function answerFailure(response: ServerResponse, error: Error): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  const [status, word] = failureWord(error)
  answerByFront(response, status, word, error.message)
}

/** The front's own answer: `word` in the header that sets it apart from a decision. */
export function answerByFront(
  response: ServerResponse,
  status: number,
  word: string,
  detail: string,
): void {
  response.writeHead(status, { [frontHeader]: word, 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${detail}\n`)
}

/** A request that HTTP itself forbids is the client's fault; all else is the upstream's. */
function failureWord(error: Error): [status: number, word: string] {
  if (error instanceof errors.InvalidArgumentError) return [400, 'request-refused']
  return [502, 'upstream-unreachable']
}
