import { fromBase64, type Bytes } from '#shared/bytes.ts'
import { rfc2253Name } from '#shared/wire/names.ts'

/** A Name as people read it (RFC 2253), from its DER or that in base64; what cannot be read is told as such. */
export function nameText(name: Bytes | string): string {
  const der = typeof name === 'string' ? fromBase64(name) : name
  const text = der && rfc2253Name(der)
  if (text?.ok !== true) return 'a name that cannot be read'
  return text.value === '' ? 'an empty name' : text.value
}
