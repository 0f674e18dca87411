import { toHex } from '#shared/bytes.ts'
import { finding } from '#shared/enrollment/catalogue.ts'
import type { Finding } from '#shared/enrollment/finding.ts'
import type { GeneralName } from '#shared/x509/general-name.ts'

/** Forms of names that a label may grant, as its `altNames` spell them. */
export const grantedForms = ['dns', 'uri', 'email'] as const

/**
 * A name that nobody granted is another device's for all that we know: relying parties authorize by
 * it. Each name asked for must be one of the label's, with the device put in the place of `{device}`,
 * or the very name by which the device is known.
 *
 * @param granted `dns:{device}.fleet.example`, `uri:spiffe://fleet.example/car/{device}`
 */
export function checkAltNames(
  names: readonly GeneralName[],
  device: string,
  granted: readonly string[],
): readonly Finding[] {
  const wanted = granted.map((each) => each.replaceAll('{device}', device))
  return names
    .map(spelt)
    .filter((name) => !wanted.includes(name) && !isDevice(name, device))
    .map((name) => finding('csr.id', 'request.subjectAltName', name, wanted.join(' or ') || 'none'))
}

const isDevice = (name: string, device: string): boolean =>
  grantedForms.some((form) => name === `${form}:${device}`)

function spelt(name: GeneralName): string {
  switch (name.form) {
    case 'dns':
    case 'uri':
    case 'email':
      return `${name.form}:${name.text}`
    case 'ip':
      return `ip:${toHex(name.octets)}`
    default:
      return name.form
  }
}
