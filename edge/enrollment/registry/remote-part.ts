import { partFunctions, type RegistryPart } from './part.ts'

/** A part as it is asked over RPC: every answer is a promise. */
export type RemotePart = {
  readonly [Name in keyof RegistryPart]: RegistryPart[Name] extends (
    ...given: infer Given
  ) => infer Answer
    ? (...given: Given) => Promise<Awaited<Answer>>
    : never
}

/** Asks for a function of a part by its name. */
export type AskPart = (name: string, given: readonly unknown[]) => Promise<unknown>

/** A part that lies elsewhere. */
export function remotePart(ask: AskPart): RemotePart {
  const functions = partFunctions.map((name) => [
    name,
    (...given: readonly unknown[]): Promise<unknown> => ask(name, given),
  ])
  // One port of many functions: what each takes and gives, `RemotePart` says.
  return Object.fromEntries(functions) as RemotePart
}

/** A part in this process, asked as if it were in another. */
export const askedPart = (part: RegistryPart): RemotePart =>
  remotePart(async (name, given) => callPart(part, name, given))

/** Calls a function of a part by its name. Throws an Error where it has none of that name. */
export function callPart(part: RegistryPart, name: string, given: readonly unknown[]): unknown {
  const functions: Readonly<Record<string, unknown>> = part
  const called = Object.hasOwn(functions, name) ? functions[name] : undefined
  if (typeof called !== 'function') throw new Error(`a part of the registry has no ${name}`)
  return (called as (...all: readonly unknown[]) => unknown)(...given)
}
