import { err, ok, type Result } from '#shared/result.ts'

/**
 * Hosts that the deployment itself opens for sources, as a URL writes them: `crl.plant.internal`, or
 * with a port `10.0.0.7:8080`. Nothing that a request says adds to them.
 */
export type OpenHosts = readonly string[]

/** RFC 3986 sets no bound; 2,048 is what proxies and browsers agree on. */
const addressLengthMax = 2048

/**
 * Whether a list may be asked for at an address: `http:` or `https:`, no credentials, the scheme's
 * own port, and a host that is public as far as its name tells. WHATWG's parser has undone every
 * other spelling of an IP address (octal, hexadecimal, one number, percent signs, wide digits)
 * before the host is looked at, and is the one that whoever connects goes by.
 *
 * A public name may still resolve to a private address: `isPublicAddress` is for whoever resolves.
 *
 * @returns the address, or a sentence that says what is wrong with it and repeats no secret
 */
export function checkAddress(text: string, open: OpenHosts = []): Result<URL, string> {
  if (text.length > addressLengthMax) {
    return err(`expected an address of at most ${addressLengthMax} characters`)
  }
  const url = URL.parse(text)
  if (url === null) return err('expected an absolute http or https address')
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return err(`expected http or https, not ${url.protocol.slice(0, -1)}`)
  }
  if (url.username !== '' || url.password !== '') {
    return err('expected an address without a user name or password')
  }
  if (open.includes(url.host)) return ok(url)
  if (url.port !== '')
    return err(`the port ${url.port} is not open for sources: expected 80 or 443`)
  const refusal = refusalOfHost(url.hostname)
  return refusal === undefined ? ok(url) : err(refusal)
}

/** Why a host is none to fetch from, by its name alone; undefined where it looks public. */
function refusalOfHost(hostname: string): string | undefined {
  const address = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  if (isIpv4(address) || address.includes(':')) {
    return isPublicAddress(address) ? undefined : `${address} is not a public address`
  }
  // A dot at the end means the root, and the same name.
  const name = hostname.toLowerCase().replace(/\.$/, '')
  if (!name.includes('.')) return `${name} is a name of a local network`
  const local = localZones.find((zone) => name.endsWith(`.${zone}`))
  return local === undefined ? undefined : `${name} is a name of the local zone ${local}`
}

/**
 * RFC 6761, 6762, 8375, 9476 and ICANN's `internal`: zones that name nothing on the public Internet.
 * Metadata services answer in `internal`.
 */
const localZones = [
  'localhost',
  'local',
  'internal',
  'intranet',
  'lan',
  'home.arpa',
  'in-addr.arpa',
  'ip6.arpa',
  'onion',
  'alt',
  'test',
  'invalid',
] as const

/** Whether an IP address, as text, is one of the public Internet; text that is none is not. */
export function isPublicAddress(address: string): boolean {
  if (isIpv4(address)) return isPublicIpv4(address)
  const canonical = URL.parse(`http://[${address}]/`)?.hostname
  return canonical !== undefined && isPublicIpv6(groupsOf(canonical.slice(1, -1)))
}

const isIpv4 = (text: string): boolean => /^\d{1,3}(\.\d{1,3}){3}$/.test(text)

/**
 * IANA's registry of special-purpose IPv4 addresses (RFC 6890), with multicast (RFC 5771) and the
 * reserved rest; and the one address of the public space behind which a cloud answers its own guests.
 */
const specialIpv4: readonly (readonly [network: string, bits: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]

function isPublicIpv4(text: string): boolean {
  const address = numberOf(text)
  if (Number.isNaN(address)) return false
  return !specialIpv4.some(([network, bits]) => {
    const size = 2 ** (32 - bits)
    return Math.floor(address / size) === Math.floor(numberOf(network) / size)
  })
}

/** NaN where a part is more than an octet, or has a leading zero, which some read as octal. */
function numberOf(text: string): number {
  const parts = text.split('.').map((part) => (/^(0|[1-9]\d*)$/.test(part) ? Number(part) : NaN))
  if (parts.some((part) => !(part <= 255))) return NaN
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

/**
 * Global unicast (2000::/3, RFC 4291) is all that is public. Out of it: protocol assignments with
 * Teredo (2001::/23), 6to4, which holds an IPv4 address (2002::/16), and documentation. Mapped,
 * translated and compatible IPv4 addresses, unique local, link-local and multicast lie outside.
 */
function isPublicIpv6([first = 0, second = 0]: readonly number[]): boolean {
  if (first < 0x2000 || first > 0x3fff) return false
  if (first === 0x2001) return second >= 0x0200 && second !== 0x0db8
  if (first === 0x2002) return false
  return !(first === 0x3fff && second < 0x1000)
}

/** Eight groups of an address in WHATWG's canonical form. */
function groupsOf(canonical: string): readonly number[] {
  const [left = '', right] = canonical.split('::')
  const head = parseGroups(left)
  if (right === undefined) return head
  const tail = parseGroups(right)
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail]
}

const parseGroups = (text: string): readonly number[] =>
  text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))

/** An address as people may see it: what follows a question mark can be a secret. */
export function shownAddress(text: string): string {
  return text.replace(/\?.*$/s, '?…')
}

/** Reads a variable like `crl.plant.internal, 10.0.0.7:8080`; none where it is not set. */
export function readOpenHosts(text = ''): OpenHosts {
  return text
    .split(',')
    .map((host) => host.trim().toLowerCase())
    .filter((host) => host !== '')
}
