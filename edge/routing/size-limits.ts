import { err, ok, type Result } from '#shared/result.ts'

/** All field lines of a request, octets: ALB's quota. */
const headerOctetsMax = 64 * 1024

/** Whether a request's field lines are more than a target has to bear. */
export function areHeadersTooLarge(headers: Headers): boolean {
  let octets = 0
  // `name: value` and the line's end.
  for (const [name, value] of headers) octets += name.length + value.length + 4
  return octets > headerOctetsMax
}

/** A body that is counted on its way, or one whose length is known to fit. */
export interface LimitedBody {
  /** Undefined: the request's own goes on as it is. */
  readonly body: ReadableStream<Uint8Array> | undefined
  /** Whether it turned out to be longer than allowed: it was cut then. */
  readonly isExceeded: () => boolean
}

/**
 * Bounds a request's body. A length that was told is kept by HTTP's framing and costs nothing; a body
 * without one is counted as it streams.
 *
 * @param onOctets told whenever some of the counted body has passed
 */
export function limitBody(
  { body, headers }: Pick<Request, 'body' | 'headers'>,
  octetsMax: number,
  onOctets: () => void,
): Result<LimitedBody, 'body_too_large'> {
  const told = headers.get('content-length')
  if (told !== null && Number(told) > octetsMax) return err('body_too_large')
  if (body === null || told !== null) return ok({ body: undefined, isExceeded: () => false })
  let left = octetsMax
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(octets, controller) {
      left -= octets.byteLength
      if (left < 0)
        return controller.error(new Error(`the body is longer than ${octetsMax} octets`))
      onOctets()
      return controller.enqueue(octets)
    },
  })
  return ok({ body: body.pipeThrough(counter), isExceeded: () => left < 0 })
}
