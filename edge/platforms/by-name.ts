import { albNames } from '#shared/wire/alb.ts'
import { albPlatform } from './alb.ts'
import { apachePlatform } from './apache.ts'
import { apiGatewayPlatform } from './api-gateway.ts'
import { appServicePlatform } from './app-service.ts'
import { applicationGatewayPlatform } from './application-gateway.ts'
import { caddyPlatform } from './caddy.ts'
import { cloudflarePlatform, managedTransformHeaders } from './cloudflare.ts'
import { cloudfrontPlatform } from './cloudfront.ts'
import { containerAppsPlatform } from './container-apps.ts'
import { envoyPlatform, type XfccTrust } from './envoy.ts'
import { fastlyPlatform } from './fastly.ts'
import { googleCloudHeaders, googleCloudPlatform } from './google-cloud.ts'
import { haproxyPlatform } from './haproxy.ts'
import { ingressNginxPlatform } from './ingress-nginx.ts'
import { nginxPlatform } from './nginx.ts'
import { nodeTlsPlatform } from './node-tls.ts'
import type { Platform } from './platform.ts'
import { rfc9440Platform } from './rfc9440.ts'
import { traefikPlatform } from './traefik.ts'

/** The variables that say how a platform is set up, beside its name. */
export const platformVariables = [
  'MANAGED_TRANSFORM',
  'ALB_MODE',
  'ALB_HEADER_PREFIX',
  'CERT_HEADER',
  'CHAIN_HEADER',
  'VERIFY_HEADER',
  'FINGERPRINT_HEADER',
  'XFCC_ELEMENTS',
] as const

export type PlatformVariable = (typeof platformVariables)[number]
export type PlatformSettings = Readonly<Partial<Record<PlatformVariable, string>>>

/** Told of every variable that cannot be used; reading goes on, so that all are told at once. */
export type OnFault = (variable: PlatformVariable, expected: string) => void

/** How one platform is set up from variables. */
export interface PlatformRow {
  /** Where the facts lie: headers are as good as the hop they came over, and need a word on it. */
  readonly facts: 'headers' | 'cf' | 'connection'
  /** The variable that can give the headers names which no client guesses; not all can rename. */
  readonly privateName?: PlatformVariable
  create(settings: PlatformSettings, fault: OnFault): Platform
}

/** Every platform under the name that `PLATFORM` gives it. */
export const platforms = {
  cloudflare: {
    facts: 'cf',
    create: (settings, fault) =>
      cloudflarePlatform(
        word(settings, 'MANAGED_TRANSFORM', ['off', 'on'], fault) === 'on'
          ? managedTransformHeaders
          : [],
      ),
  },
  alb: {
    facts: 'headers',
    privateName: 'ALB_HEADER_PREFIX',
    create: (settings, fault) =>
      albPlatform({
        mode: word(settings, 'ALB_MODE', ['verify', 'passthrough'], fault),
        names: albNames(headerName(settings, 'ALB_HEADER_PREFIX', fault)),
      }),
  },
  cloudfront: { facts: 'headers', create: cloudfrontPlatform },
  'api-gateway': { facts: 'connection', create: apiGatewayPlatform },
  rfc9440: { facts: 'headers', create: rfc9440Platform },
  envoy: {
    facts: 'headers',
    create: (settings, fault) => envoyPlatform(xfccTrust(settings, fault)),
  },
  'container-apps': { facts: 'headers', create: containerAppsPlatform },
  nginx: {
    facts: 'headers',
    privateName: 'CERT_HEADER',
    create: (settings, fault) => nginxPlatform(certAndVerify(settings, 'x-ssl-client-cert', fault)),
  },
  'ingress-nginx': { facts: 'headers', create: ingressNginxPlatform },
  haproxy: {
    facts: 'headers',
    privateName: 'CERT_HEADER',
    create: (settings, fault) =>
      haproxyPlatform({
        ...certAndVerify(settings, 'x-ssl-client-cert', fault),
        chain: headerName(settings, 'CHAIN_HEADER', fault),
      }),
  },
  apache: {
    facts: 'headers',
    privateName: 'CERT_HEADER',
    create: (settings, fault) =>
      apachePlatform(certAndVerify(settings, 'x-ssl-client-cert', fault)),
  },
  traefik: { facts: 'headers', create: traefikPlatform },
  caddy: {
    facts: 'headers',
    privateName: 'CERT_HEADER',
    create: (settings, fault) =>
      caddyPlatform({
        cert: headerName(settings, 'CERT_HEADER', fault) ?? 'x-tls-client-cert',
        fingerprint: headerName(settings, 'FINGERPRINT_HEADER', fault),
      }),
  },
  'google-cloud': {
    facts: 'headers',
    privateName: 'CERT_HEADER',
    create: (settings, fault) =>
      googleCloudPlatform({
        leaf: headerName(settings, 'CERT_HEADER', fault) ?? googleCloudHeaders.leaf,
        chain: headerName(settings, 'CHAIN_HEADER', fault) ?? googleCloudHeaders.chain,
        error: headerName(settings, 'VERIFY_HEADER', fault) ?? googleCloudHeaders.error,
      }),
  },
  'app-service': { facts: 'headers', create: appServicePlatform },
  'application-gateway': {
    facts: 'headers',
    privateName: 'CERT_HEADER',
    create: (settings, fault) =>
      applicationGatewayPlatform(certAndVerify(settings, 'x-client-certificate', fault)),
  },
  fastly: { facts: 'connection', create: fastlyPlatform },
  'node-tls': { facts: 'connection', create: nodeTlsPlatform },
} as const satisfies Readonly<Record<string, PlatformRow>>

export type PlatformName = keyof typeof platforms

/** The first is what a worker takes without a word: the platform that it runs on. */
export const platformNames = Object.keys(platforms) as [PlatformName, ...PlatformName[]]

/** The two names that every proxy with headers of the operator's own has; the verdict is optional. */
function certAndVerify(
  settings: PlatformSettings,
  byDefault: string,
  fault: OnFault,
): { readonly cert: string; readonly verify: string | undefined } {
  return {
    cert: headerName(settings, 'CERT_HEADER', fault) ?? byDefault,
    verify: headerName(settings, 'VERIFY_HEADER', fault),
  }
}

/** One of a few words; the first is the default. */
function word<Word extends string>(
  settings: PlatformSettings,
  name: PlatformVariable,
  words: readonly [Word, ...Word[]],
  fault: OnFault,
): Word {
  const text = settings[name]
  const found = words.find((each) => each === (text ?? words[0]))
  if (found === undefined) fault(name, `one of ${words.join(', ')}`)
  return found ?? words[0]
}

/** A header's name, or a part of one (RFC 9110 5.1); without `_` and `.`, which servers behind take for `-`. */
function headerName(
  settings: PlatformSettings,
  name: PlatformVariable,
  fault: OnFault,
): string | undefined {
  const text = settings[name]
  if (text === undefined || /^[A-Za-z0-9-]+$/.test(text)) return text
  fault(name, 'letters, digits and hyphens')
  return undefined
}

/** `2`: two elements and no more; `last 2`: whatever stands before the last two is a client's. */
function xfccTrust({ XFCC_ELEMENTS: text = '1' }: PlatformSettings, fault: OnFault): XfccTrust {
  const [, last, count] = /^(last )?([1-9])$/.exec(text) ?? []
  if (count === undefined) fault('XFCC_ELEMENTS', 'a number from 1 to 9, or "last" and one')
  return { elements: Number(count ?? 1), before: last === undefined ? 'refuse' : 'ignore' }
}
