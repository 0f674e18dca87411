import { serveControlPlane } from '#edge/node/control.ts'

/** What `sallyport trust-store serve` runs, without the command around it: half the time to start. */
const [directory = ''] = process.argv.slice(2)
const { url } = await serveControlPlane({ directory, host: '127.0.0.1', port: 0 })
console.error(`listening on ${url}`)
