import { expect, test } from 'vitest'
import {
  checkAnchorBasicConstraints,
  checkBasicConstraints,
} from '#shared/path/checks/authority.ts'
import { boolean, sequence } from '../../der/writer.ts'
import { certificateOf, createCa, extension } from '../../pki.ts'

const constraintsOf = (...content: readonly Uint8Array[]) =>
  extension('2.5.29.19', sequence(...content), 'critical')

const withConstraints = async (basicConstraints: ReturnType<typeof constraintsOf> | undefined) =>
  certificateOf(await createCa({ extensions: { basicConstraints } }))

const none = { code: 'not_a_ca', at: 2, basicConstraints: 'cA false' }
const silent = { code: 'not_a_ca', at: 2, basicConstraints: 'absent' }

test.each([
  { name: 'that it is a CA', says: constraintsOf(boolean(0xff)), issuer: 'ok', anchor: 'ok' },
  { name: 'that it is none', says: constraintsOf(), issuer: none, anchor: none },
  { name: 'nothing', says: undefined, issuer: silent, anchor: 'ok' },
])(
  'RFC 5280 6.1.4 (k) and RFC 5937: a certificate that says $name',
  async ({ says, issuer, anchor }) => {
    const certificate = await withConstraints(says)
    const asIssuer = checkBasicConstraints(certificate, 2)
    expect(asIssuer.ok ? 'ok' : asIssuer.error).toEqual(issuer)
    const asAnchor = checkAnchorBasicConstraints(certificate, 2)
    expect(asAnchor.ok ? 'ok' : asAnchor.error).toEqual(anchor)
  },
)
