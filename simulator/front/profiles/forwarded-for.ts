import type { TerminatedConnection, TerminatedRequest } from '../profile.ts'

/** `X-Forwarded-For` with the client's address appended; what the client claimed stays at the left. */
export function appendForwardedFor(
  { clientAddress }: TerminatedConnection,
  request: TerminatedRequest,
): readonly [name: string, value: string] {
  const claimed = request.header('x-forwarded-for')
  return ['x-forwarded-for', claimed ? `${claimed}, ${clientAddress}` : clientAddress]
}
