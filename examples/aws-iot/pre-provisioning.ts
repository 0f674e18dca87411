/*
 * AWS IoT Core's fleet provisioning by claim: before a thing is made of a device, this hook of the
 * provisioning template is asked (AWS: "Pre-provisioning hooks"). It asks the device registry: a device
 * that was imported there, and is not suspended, retired or revoked, is provisioned.
 */

/** What AWS IoT sends at each RegisterThing; `parameters` are the device's own words. */
export interface ProvisioningEvent {
  readonly claimCertificateId: string
  readonly certificateId: string
  readonly certificatePem: string
  readonly templateArn: string
  readonly clientId: string
  readonly parameters: Readonly<Record<string, string>>
}

/** Only `allowProvisioning: true` lets it go on; an error that is thrown does not. */
export interface ProvisioningAnswer {
  readonly allowProvisioning: boolean
  readonly parameterOverrides?: Readonly<Record<string, string>>
}

/** The parameter of the template that names the device. */
const nameParameter = process.env['NAME_PARAMETER'] ?? 'SerialNumber'

export async function handler({ parameters }: ProvisioningEvent): Promise<ProvisioningAnswer> {
  const name = parameters[nameParameter]
  if (name === undefined) return { allowProvisioning: false }
  const url = new URL(process.env['REGISTRY_URL'] ?? 'https://control.example/')
  url.pathname = `/api/v1/registry/devices/${encodeURIComponent(name)}`
  // A token of the scope `read`.
  const headers = { authorization: `Bearer ${process.env['REGISTRY_TOKEN'] ?? ''}` }
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(4000) })
  if (response.status === 404) return { allowProvisioning: false }
  if (!response.ok) throw new Error(`the registry answers ${response.status}`)
  const device = (await response.json()) as {
    readonly status: string
    readonly suspendedClass?: string
  }
  const isWanted = ['pending', 'active'].includes(device.status)
  return { allowProvisioning: isWanted && device.suspendedClass === undefined }
}
