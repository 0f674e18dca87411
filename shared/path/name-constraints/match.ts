import type { Bytes } from '#shared/bytes.ts'
import { canonicalName } from '#shared/x509/name.ts'
import type { GeneralName } from '#shared/x509/general-name.ts'

/** How a name lies to a subtree of its own form; `unclear` is refused, whichever list the subtree is in. */
export type Relation = 'within' | 'outside' | 'unclear'

/** RFC 5280 4.2.1.10: how a name lies to the subtree of a base; undefined where forms differ. */
export function relationOf(name: GeneralName, base: GeneralName): Relation | undefined {
  if (name.form === 'ip' && base.form === 'ip') return relateIp(name.octets, base.octets)
  if (name.form === 'directory' && base.form === 'directory') {
    return relateDirectory(name.name, base.name)
  }
  if ('text' in name && 'text' in base && name.form === base.form) {
    return relateText[name.form](name.text, base.text)
  }
  return name.form === base.form ? 'unclear' : undefined
}

const relateText = { dns: relateDns, email: relateEmail, uri: relateUri } as const

/** Labels of letters, digits, hyphens and underscores: whatever else is in a host is no host of ours. */
const host = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/

function within(is: boolean): Relation {
  return is ? 'within' : 'outside'
}

/**
 * dNSName: the base itself and every name made by adding labels on its left; an empty base is every
 * name. With a dot in front, which the RFC does not know and CAs write, at least one label is added.
 * A wildcard lies across a base beneath it: `*.example.com` may be the host that is named there.
 */
export function relateDns(name: string, base: string): Relation {
  const [named, space] = [lowerAscii(name), lowerAscii(base)]
  const isWildcard = named.startsWith('*.')
  const suffix = isWildcard ? named.slice(2) : named
  if (!host.test(suffix)) return 'unclear'
  if (space === '') return 'within'
  if (!host.test(withoutDot(space))) return 'unclear'
  if (isBelow(named, space)) return 'within'
  if (!isWildcard) return within(named === space)
  return isBelow(withoutDot(space), suffix) ? 'unclear' : 'outside'
}

/**
 * rfc822Name: one mailbox, all mailboxes of one host, or with a dot in front those of every host
 * below. The local part is compared as it stands (RFC 5280 7.5); a quoted one may be spelt in many
 * ways, so it is unclear.
 */
export function relateEmail(name: string, base: string): Relation {
  const named = mailbox(name)
  if (named === undefined) return 'unclear'
  if (!base.includes('@')) return relateHost(named.host, lowerAscii(base))
  const wanted = mailbox(base)
  if (wanted === undefined) return 'unclear'
  return within(named.local === wanted.local && named.host === wanted.host)
}

function mailbox(text: string): { readonly local: string; readonly host: string } | undefined {
  const [local = '', domain = '', ...more] = text.split('@')
  const named = lowerAscii(domain)
  const isPlain = /^[^\s"\\]+$/.test(local) && host.test(named) && more.length === 0
  return isPlain ? { local, host: named } : undefined
}

/**
 * uniformResourceIdentifier: its host, which is one host, or with a dot in front every host below. A
 * URI without an authority or whose host is an address cannot be placed (RFC 5280 4.2.1.10).
 */
export function relateUri(name: string, base: string): Relation {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@\\]*@)?([^/?#@:\\]+)(?::\d*)?(?:[/?#]|$)/i
  const named = lowerAscii(authority.exec(name)?.[1] ?? '')
  const isAddress = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(named)
  if (!host.test(named) || isAddress) return 'unclear'
  return relateHost(named, lowerAscii(base))
}

/** One host, or with a dot in front every host below it; an empty base is every host. */
function relateHost(named: string, base: string): Relation {
  if (base === '') return 'within'
  if (!host.test(withoutDot(base))) return 'unclear'
  return within(base.startsWith('.') ? isBelow(named, base) : named === base)
}

/** iPAddress: the same family, and the same bits under the mask (RFC 4632). */
export function relateIp(address: Bytes, range: Bytes): Relation {
  const size = range.length / 2
  if (address.length !== size) return 'outside'
  return within(
    address.every((octet, at) => ((octet ^ (range[at] ?? 0)) & (range[size + at] ?? 0xff)) === 0),
  )
}

/** directoryName: the base's RDNs are the first of the name (RFC 5280 7.1 says how they compare). */
export function relateDirectory(name: Bytes, base: Bytes): Relation {
  const named = canonicalName(name).rdns
  const space = canonicalName(base).rdns
  if (named === undefined || space === undefined) return 'unclear'
  return within(space.every((rdn, at) => rdn === named[at]))
}

function isBelow(named: string, space: string): boolean {
  return named.endsWith(`.${withoutDot(space)}`)
}

function withoutDot(space: string): string {
  return space.startsWith('.') ? space.slice(1) : space
}

/** RFC 4343: A to Z alone; names here are ASCII. */
function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
