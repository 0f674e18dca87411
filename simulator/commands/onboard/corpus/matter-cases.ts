import type { Bytes } from '#shared/bytes.ts'
import { utf8String } from '#simulator/ca/der.ts'
import type { CorpusCase, CorpusWorld } from './case.ts'
import { p256Keys } from './keys.ts'
import {
  attribute,
  authority,
  basicConstraints,
  certificate,
  commonName,
  keyUsage,
  nameOf,
  stringOf,
  type CertificateParts,
  type Issuer,
} from './maker.ts'

const forever = stringOf(0x18, '99991231235959Z')

type MatterRow = readonly [
  name: string,
  kind: CorpusCase['kind'],
  expects: CorpusCase['expects'],
  about: string,
  make: CorpusCase['make'],
]

const vendorId = (id: string): Bytes => attribute('1.3.6.1.4.1.37244.2.1', utf8String(id))
const productId = (id: string): Bytes => attribute('1.3.6.1.4.1.37244.2.2', utf8String(id))

export const matterRows: readonly MatterRow[] = [
  ['good-dac', 'chain', [], 'a device, its intermediate and the authority', matterChain({})],
  [
    'dac-lower-case',
    'chain',
    ['matter.ids', 'matter.consistent'],
    'a vendor in small letters',
    matterChain({ vendor: 'fff1' }),
  ],
  ['dac-no-product', 'chain', ['matter.ids'], 'no product', matterChain({ product: null })],
  [
    'dac-other-vendor',
    'chain',
    ['matter.consistent'],
    'another vendor than its intermediate',
    matterChain({ vendor: 'FFF2' }),
  ],
  [
    'dac-product-other',
    'chain',
    ['matter.consistent'],
    'another product than its intermediate',
    matterChain({ intermediateSubject: [productId('8001')] }),
  ],
  [
    'dac-path-length',
    'chain',
    ['matter.form', 'cert.bc'],
    'a device with a path length',
    matterChain({ extensions: { basicConstraints: basicConstraints(false, 0) } }),
  ],
  [
    'dac-no-constraints',
    'chain',
    ['matter.form'],
    'a device that does not say that it is no CA',
    matterChain({ extensions: { basicConstraints: undefined } }),
  ],
  [
    'dac-signs-lists',
    'chain',
    ['matter.form', 'cert.ku'],
    'a device that may sign lists',
    matterChain({ extensions: { keyUsage: keyUsage(['digitalSignature', 'cRLSign']) } }),
  ],
  [
    'pai-no-path-length',
    'chain',
    ['matter.form'],
    'an intermediate without a path length',
    matterChain({ intermediate: { basicConstraints: basicConstraints(true) } }),
  ],
  [
    'pai-no-list-signing',
    'chain',
    ['matter.form'],
    'an intermediate that may sign no lists',
    matterChain({ intermediate: { keyUsage: keyUsage(['keyCertSign']) } }),
  ],
  [
    'pai-key-unnamed',
    'chain',
    ['matter.form', 'cert.ski'],
    'an intermediate without a subjectKeyIdentifier',
    matterChain({ intermediate: { subjectKeyIdentifier: undefined } }),
  ],
  [
    'dac-two',
    'chain',
    ['chain.length'],
    'no authority',
    (world, name) => matterChain({})(world, name).slice(0, 2),
  ],
  [
    'dac-usage-not-critical',
    'chain',
    ['matter.form', 'cert.kuCritical'],
    'a keyUsage that may be passed over',
    matterChain({ extensions: { keyUsage: keyUsage(['digitalSignature'], 'not critical') } }),
  ],
]

interface MatterParts {
  readonly vendor?: string
  /** `null`: none. */
  readonly product?: string | null
  readonly extensions?: NonNullable<CertificateParts['extensions']>
  readonly intermediate?: NonNullable<CertificateParts['extensions']>
  /** Attributes beside its own. */
  readonly intermediateSubject?: readonly Bytes[]
}

/** Matter Core 6.2.2: a device’s certificate (DAC), an intermediate (PAI), an authority (PAA). */
function matterChain({
  vendor = 'FFF1',
  product = '8000',
  extensions = {},
  intermediate: parts = {},
  intermediateSubject = [],
}: MatterParts) {
  return ({ root, rootDer, now }: CorpusWorld, name: string): readonly Bytes[] => {
    const intermediate: Issuer = {
      name: nameOf(commonName(`${name} PAI`), vendorId('FFF1'), ...intermediateSubject),
      keys: p256Keys(),
    }
    const subject = nameOf(
      commonName(name),
      vendorId(vendor),
      ...(product === null ? [] : [productId(product)]),
    )
    const leafParts = {
      subject,
      notAfter: forever,
      extensions: { purposes: undefined, ...extensions },
    }
    return [
      certificate(name, intermediate, now, leafParts),
      authority(intermediate, root, now, {
        extensions: { basicConstraints: basicConstraints(true, 0), ...parts },
      }),
      rootDer,
    ]
  }
}
