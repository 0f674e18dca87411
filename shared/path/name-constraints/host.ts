import type { GeneralName } from '#shared/x509/general-name.ts'

/** Forms that say where a host is: itself, that of a mailbox, that in a URI. */
export type HostForm = Extract<GeneralName, { text: string }>['form']

/** How a name lies to a subtree of its own form; `unclear` is refused, whichever list the subtree is in. */
export type Relation = 'within' | 'outside' | 'unclear'

/** A name by its host. Spellings are looked at here, once, however many subtrees it is compared with. */
export interface PlacedHost {
  readonly form: HostForm
  /** In lower case, with the `*.` of a wildcard; undefined where the name cannot be placed. */
  readonly host: string | undefined
  /** What comes before the @ of a mailbox, as it stands (RFC 5280 7.5). */
  readonly local: string | undefined
  /** Of a wildcard, with its dot in front: what every host that it may stand for ends in. */
  readonly wildcardOf: string | undefined
}

/** A subtree of hosts. */
export interface HostSpace {
  readonly form: HostForm
  readonly extent: 'every' | 'host' | 'below' | 'host_and_below' | 'mailbox' | 'unclear'
  readonly host: string
  /** The host with a dot in front. */
  readonly suffix: string
  /** Of a single mailbox. */
  readonly local: string | undefined
}

/** Labels of letters, digits, hyphens and underscores: whatever else is in a host is no host of ours. */
const hostSyntax = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/

/** A name by its host, or as one that cannot be placed. */
export function placeHost(form: HostForm, text: string): PlacedHost {
  return { form, host: undefined, local: undefined, wildcardOf: undefined, ...readers[form](text) }
}

const readers: Readonly<Record<HostForm, (text: string) => Partial<PlacedHost> | undefined>> = {
  dns: readDns,
  email: readMailbox,
  uri: readUri,
}

function readDns(text: string): Partial<PlacedHost> | undefined {
  const host = lowerAscii(text)
  const isWildcard = host.startsWith('*.')
  if (!hostSyntax.test(isWildcard ? host.slice(2) : host)) return undefined
  return { host, wildcardOf: isWildcard ? host.slice(1) : undefined }
}

/** The local part is compared as it stands; a quoted one may be spelt in many ways, so it is unclear. */
function readMailbox(text: string): Partial<PlacedHost> | undefined {
  const at = text.indexOf('@')
  const [local, host] = [text.slice(0, Math.max(at, 0)), lowerAscii(text.slice(at + 1))]
  const isPlain = /^[^\s"\\]+$/.test(local) && hostSyntax.test(host)
  return isPlain ? { host, local } : undefined
}

/** A URI without an authority or whose host is an address cannot be placed (RFC 5280 4.2.1.10). */
function readUri(text: string): Partial<PlacedHost> | undefined {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@\\]*@)?([^/?#@:\\]+)(?::\d*)?(?:[/?#]|$)/i
  const host = lowerAscii(authority.exec(text)?.[1] ?? '')
  const isAddress = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/.test(host)
  return hostSyntax.test(host) && !isAddress ? { host } : undefined
}

/**
 * RFC 5280 4.2.1.10: a dNSName's base is a host and every name made by adding labels on its left,
 * with a dot in front, which the RFC does not know and CAs write, at least one label; of mailboxes
 * and URIs it is one host, or with a dot in front those below. An empty base is every host.
 */
export function placeSpace(form: HostForm, text: string): HostSpace {
  if (form === 'email' && text.includes('@')) return mailboxSpace(text)
  const base = lowerAscii(text)
  const isBelow = base.startsWith('.')
  const host = isBelow ? base.slice(1) : base
  return { form, extent: extentOf(form, host, isBelow), host, suffix: `.${host}`, local: undefined }
}

function extentOf(form: HostForm, host: string, isBelow: boolean): HostSpace['extent'] {
  if (host === '' && !isBelow) return 'every'
  if (!hostSyntax.test(host)) return 'unclear'
  if (isBelow) return 'below'
  return form === 'dns' ? 'host_and_below' : 'host'
}

function mailboxSpace(text: string): HostSpace {
  const { host = '', local } = placeHost('email', text)
  const extent = local === undefined ? 'unclear' : 'mailbox'
  return { form: 'email', extent, host, suffix: `.${host}`, local }
}

/** How a name lies to a space of its own form: no more than a comparison or two of texts. */
export function relateHost(name: PlacedHost, space: HostSpace): Relation {
  const { host } = name
  if (host === undefined) return 'unclear'
  switch (space.extent) {
    case 'every':
      return 'within'
    case 'unclear':
      return 'unclear'
    case 'host':
      return within(host === space.host)
    case 'mailbox':
      return within(host === space.host && name.local === space.local)
    case 'below':
    case 'host_and_below':
      if (host.endsWith(space.suffix)) return 'within'
      if (name.wildcardOf !== undefined) return relateWildcard(name.wildcardOf, space)
      return within(space.extent === 'host_and_below' && host === space.host)
  }
}

/** A wildcard lies across a base beneath it: `*.example.com` may be the host that is named there. */
function relateWildcard(wildcardOf: string, space: HostSpace): Relation {
  return space.host.endsWith(wildcardOf) ? 'unclear' : 'outside'
}

/** The relation of a name to a space that it lies in, or does not. */
export function within(is: boolean): Relation {
  return is ? 'within' : 'outside'
}

/** RFC 4343: A to Z alone; names here are ASCII. */
function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
