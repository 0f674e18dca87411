import { albNames } from '#shared/wire/alb.ts'
import type { FrontProfileName } from '../../scenario/scenario.ts'
import type { PlayedPlatform } from '../played.ts'
import { albProfile } from './alb.ts'
import { apacheFront } from './apache.ts'
import { apiGatewayFront } from './api-gateway.ts'
import { appServiceFront } from './app-service.ts'
import { applicationGatewayFront } from './application-gateway.ts'
import { caddyFront } from './caddy.ts'
import { cloudflareProfile } from './cloudflare.ts'
import { cloudfrontFront } from './cloudfront.ts'
import { containerAppsFront } from './container-apps.ts'
import { envoyFront } from './envoy.ts'
import { fastlyFront } from './fastly.ts'
import { googleCloudFront } from './google-cloud.ts'
import { haproxyFront } from './haproxy.ts'
import { ingressNginxFront } from './ingress-nginx.ts'
import { nginxFront } from './nginx.ts'
import { rfc9440Front } from './rfc9440.ts'
import { traefikFront } from './traefik.ts'

/** In verify mode ALB passes the leaf only, and decides by itself. Headers of its own it cannot add. */
const albFront: PlayedPlatform = {
  passes: 'leaf',
  front: ({ albPrefix, mode, expired }) => {
    const listener = mode === 'verify' ? { mode, expired } : { mode }
    return albProfile(listener, albNames(albPrefix))
  },
  gateway: ({ albPrefix, mode }) => ({
    ALB_MODE: mode,
    HOP: 'private-names',
    ALB_HEADER_PREFIX: albPrefix,
  }),
}

/** Every platform under the name that `--profile` and a scenario give it. */
export const playedPlatforms: Readonly<Record<FrontProfileName, PlayedPlatform>> = {
  cloudflare: { passes: 'chain', front: () => cloudflareProfile, gateway: () => ({}) },
  alb: albFront,
  cloudfront: cloudfrontFront,
  'api-gateway': apiGatewayFront,
  rfc9440: rfc9440Front,
  envoy: envoyFront,
  'container-apps': containerAppsFront,
  nginx: nginxFront,
  'ingress-nginx': ingressNginxFront,
  haproxy: haproxyFront,
  apache: apacheFront,
  traefik: traefikFront,
  caddy: caddyFront,
  'google-cloud': googleCloudFront,
  'app-service': appServiceFront,
  'application-gateway': applicationGatewayFront,
  fastly: fastlyFront,
}
