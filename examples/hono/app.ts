import { Hono } from 'hono'
import { identityText } from 'sallyport'
import { clientCertificate, type DeviceEnv } from 'sallyport/hono'
import { nginxPlatform } from 'sallyport/platforms/nginx'
import { directoryTrustFiles } from 'sallyport/trust-stores/directory'

const { TRUST = 'trust', HOP_SECRET = '' } = process.env
if (HOP_SECRET.length < 32) throw new Error('HOP_SECRET: expected at least 32 characters')

/**
 * Somebody's own Hono app, behind nginx:
 *
 *     proxy_set_header X-SSL-Client-Cert $ssl_client_escaped_cert;
 *     proxy_set_header X-Sallyport-Hop   "<HOP_SECRET>";
 */
export const app = new Hono<DeviceEnv>()

app.get('/health', (context) => context.text('well'))

app.use(
  '/devices/*',
  clientCertificate({
    platform: nginxPlatform({ cert: 'x-ssl-client-cert', verify: undefined }),
    hop: { word: 'secret', secret: HOP_SECRET },
    trustFiles: directoryTrustFiles(TRUST),
  }),
)

app.get('/devices/me', (context) => context.json(identityText(context.get('device'))))
