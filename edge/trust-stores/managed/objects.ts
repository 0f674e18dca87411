import { equalBytes, toHex, type Bytes } from '#shared/bytes.ts'

/** SHA-256 of an object's octets, lower-case hexadecimal: its name in every bucket. */
export type ObjectName = string

/**
 * Where a trust store's files and documents lie, by the digest of what is in them. Nothing is ever
 * overwritten or changed: a name that is known is known for good.
 */
export interface Objects {
  put(name: ObjectName, octets: Bytes): Promise<void>
  /** Undefined where there is none of this name. */
  get(name: ObjectName): Promise<Bytes | undefined>
}

/** The name of these octets. */
export async function objectName(octets: Bytes): Promise<ObjectName> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', octets)))
}

/** Stores octets under their name; what is stored already is written once more, as it was. */
export async function storeObject(objects: Objects, octets: Bytes): Promise<ObjectName> {
  const name = await objectName(octets)
  await objects.put(name, octets)
  return name
}

/**
 * Stores octets that nobody looks at any more, and gives their memory back at once: collected when it
 * pleases the runtime, a list of 35 MB lies beside its own reading, in an isolate that has 128.
 */
export async function storeAndRelease(objects: Objects, octets: Bytes): Promise<ObjectName> {
  const name = await storeObject(objects, octets)
  release(octets)
  return name
}

/** Detaches the memory of octets: whoever still looks at them finds none. */
export function release({ buffer, byteLength }: Bytes): void {
  // A part of something larger is not ours alone.
  if (byteLength === buffer.byteLength) buffer.transfer(0)
}

/** The object of a name. Throws an Error where it is missing, or where its octets are not its own. */
export async function loadObject(objects: Objects, name: ObjectName): Promise<Bytes> {
  const octets = await objects.get(name)
  if (octets === undefined) throw new Error(`the object ${name} is missing`)
  if ((await objectName(octets)) === name) return octets
  throw new Error(`the object ${name} holds other octets than those it is named after`)
}

/** Objects in memory: for tests, and for what is thought through before it is stored. */
export function memoryObjects(): Objects {
  const kept = new Map<ObjectName, Bytes>()
  return {
    put: async (name, octets) => {
      const before = kept.get(name)
      if (before !== undefined && !equalBytes(before, octets)) {
        throw new Error(`the object ${name} is there with other octets`)
      }
      kept.set(name, octets.slice())
    },
    get: async (name) => kept.get(name)?.slice(),
  }
}
