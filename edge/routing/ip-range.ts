/** A range of addresses in CIDR form (RFC 4632 3.1, RFC 4291 2.3). */
export interface IpRange {
  /** 4 or 16 octets. */
  readonly octets: readonly number[]
  /** Leading bits that count. */
  readonly prefixLength: number
}

/** A range like `192.0.2.0/24` or `2001:db8::/32`; undefined where the text is none. */
export function parseIpRange(text: string): IpRange | undefined {
  const [, address = '', digits = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? []
  const octets = parseIp(address)
  const prefixLength = Number(digits)
  if (octets === undefined || digits === '' || prefixLength > octets.length * 8) return undefined
  return { octets, prefixLength }
}

/** Whether an address lies in a range of its own family; what is no address lies in none. */
export function isInRange(address: string, { octets, prefixLength }: IpRange): boolean {
  const asked = parseIp(address)
  if (asked?.length !== octets.length) return false
  return octets.every((octet, index) => {
    const bits = Math.min(8, Math.max(0, prefixLength - index * 8))
    const mask = 0xff & (0xff << (8 - bits))
    return ((octet ^ (asked[index] ?? 0)) & mask) === 0
  })
}

/**
 * The octets of an address, 4 or 16; undefined where the text is none. An IPv4 address in IPv6's
 * clothes (`::ffff:192.0.2.1`, RFC 4291 2.5.5.2), as sockets of both families show it, is IPv4.
 */
export function parseIp(text: string): readonly number[] | undefined {
  if (!text.includes(':')) return parseIpv4(text)
  const octets = parseIpv6(text)
  const isMapped = octets?.every((octet, index) => index > 11 || octet === (index > 9 ? 0xff : 0))
  return isMapped === true ? octets?.slice(12) : octets
}

/** Four decimal numbers without leading zeros: some readers take those for octal ones. */
function parseIpv4(text: string): readonly number[] | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part))) {
    return undefined
  }
  const octets = parts.map(Number)
  return octets.every((octet) => octet <= 0xff) ? octets : undefined
}

/** RFC 4291 2.2, all three forms; a zone (RFC 4007 11) belongs to one machine and matches nowhere. */
function parseIpv6(text: string): readonly number[] | undefined {
  const [head = '', tail, ...more] = text.split('::')
  if (more.length > 0) return undefined
  const before = parseGroups(head)
  const after = tail === undefined ? [] : parseGroups(tail)
  if (before === undefined || after === undefined) return undefined
  const missing = 16 - before.length - after.length
  // `::` stands for one group at least.
  if (tail === undefined ? missing !== 0 : missing < 2) return undefined
  return [...before, ...Array.from({ length: missing }, () => 0), ...after]
}

/** `2001:db8` or `ffff:192.0.2.1`; the empty text has no groups. */
function parseGroups(text: string): readonly number[] | undefined {
  if (text === '') return []
  const groups = text.split(':')
  if (groups.length > 8) return undefined
  const octets: number[] = []
  for (const [index, group] of groups.entries()) {
    const parsed = index === groups.length - 1 ? parseLastGroup(group) : parseGroup(group)
    if (parsed === undefined) return undefined
    octets.push(...parsed)
  }
  return octets
}

const parseLastGroup = (text: string): readonly number[] | undefined =>
  text.includes('.') ? parseIpv4(text) : parseGroup(text)

function parseGroup(text: string): readonly number[] | undefined {
  if (!/^[0-9A-Fa-f]{1,4}$/.test(text)) return undefined
  const group = Number.parseInt(text, 16)
  return [group >> 8, group & 0xff]
}
