import cf from 'cloudfront'

/**
 * A CloudFront connection function (runtime cloudfront-js-2.0): refuses the TLS connection of a
 * revoked device, before any request. CloudFront has verified the chain and hands over fields only,
 * so the worker behind still decides on each request; this keeps revoked devices off it.
 *
 * The key value store is made from CRLs by `revoked-keys.ts`, and says until when it may be believed.
 */
// oxlint-disable-next-line no-unused-vars -- CloudFront calls it by this name
async function connectionHandler(connection) {
  const serial = serialOf(connection.clientCertificate)
  const refusal = await refusalOf(serial)
  if (refusal === undefined) return connection.allow()
  connection.logCustomData(`${refusal}:${serial === undefined ? '-' : serial}`)
  return connection.deny()
}

async function refusalOf(serial) {
  if (serial === undefined) return 'no_certificate'
  try {
    const store = cf.kvs()
    const until = Number(await store.get('until'))
    // Not `>`: what is no number refuses as well.
    if (!(Date.now() <= until)) return 'revocation_unknown'
    return (await store.exists(serial)) ? 'revoked' : undefined
  } catch (error) {
    console.log(`the key value store did not answer: ${String(error)}`)
    return 'revocation_unknown'
  }
}

/** `00:9e:2a` in the event, `9E2A` in the store: upper case, whole octets, no sign octet. */
function serialOf(clientCertificate) {
  if (!clientCertificate) return undefined
  const digits = clientCertificate.certificates.leaf.serialNumber.replaceAll(':', '').toUpperCase()
  if (!/^(?:[0-9A-F]{2}){1,21}$/.test(digits)) return undefined
  return digits.replace(/^(?:00)+(?=..)/, '')
}
