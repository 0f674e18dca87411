import { readFile } from 'node:fs/promises'
import { parseCrl } from 'sallyport'
import { cloudfrontRevokedKeys } from 'sallyport/platforms/cloudfront-revoked-keys'

/**
 * Prints the key value store that `connection-function.js` asks, from CRLs in DER:
 *
 *     node revoked-keys.ts issuer-1.crl issuer-2.crl > revoked.json
 *     aws s3 cp revoked.json s3://BUCKET/ && aws cloudfront create-key-value-store …
 */
const lists = await Promise.all(
  process.argv.slice(2).map(async (path) => {
    const crl = parseCrl(new Uint8Array(await readFile(path)))
    if (!crl.ok) throw new Error(`${path}: at octet ${crl.error.offset}: ${crl.error.expected}`)
    return crl.value
  }),
)

console.log(JSON.stringify(cloudfrontRevokedKeys(lists)))
