import { expect, test } from 'vitest'
import { profiles } from '#shared/enrollment/profile.ts'
import { parseProfile } from '#simulator/commands/onboard/profile-file.ts'

const head = 'version: 1\nname: meter\n'

function parsed(yaml: string) {
  const read = parseProfile(`${head}${yaml}`, 'meter.yaml')
  if (!read.ok) throw new Error(read.error)
  return read.value
}

test('what a file leaves out is what it extends', () => {
  expect(parsed('')).toEqual({ ...profiles.device, name: 'meter' })
  expect(parsed('extends: idevid')).toEqual({ ...profiles.idevid, name: 'meter' })
})

test('what it says stands in its place', () => {
  const profile = parsed(`extends: ldevid
about: a meter of Acme
identity: { from: [serialNumber], prefix: ACME-, length_max: 20, alphabet: registration }
keys: { kinds: [P-256, RSA], rsa_bits_min: 3072 }
names: { forms: [uri], alt_names_max: 1, organization: Acme, trust_domain: acme.example }
purposes: { required: [clientAuth], allowed: [clientAuth, 1.2.3.4] }
validity: { lifetime_max: 825d, skew: 1m, no_end: accept, short_lived: 1d }
chain: { length_min: 2, length_max: 3, at: leafNotBefore, nesting: optional }
service_life: 15y
families: [ocpp]
severities: { cert.revocation: off, csr.challenge: error }
`)
  expect(profile).toEqual({
    name: 'meter',
    about: 'a meter of Acme',
    identity: {
      from: ['serialNumber'],
      prefix: 'ACME-',
      suffix: '',
      lengthMax: 20,
      alphabet: 'registration',
      presence: 'required',
    },
    keys: { kinds: ['P-256', 'RSA'], rsaBitsMin: 3072, rsaBitsMax: 8192 },
    names: {
      forms: ['uri'],
      altNamesMax: 1,
      organization: 'Acme',
      trustDomain: 'acme.example',
    },
    purposes: {
      required: ['1.3.6.1.5.5.7.3.2'],
      allowed: ['1.3.6.1.5.5.7.3.2', '1.2.3.4'],
    },
    validity: {
      lifetimeMaxMs: 825 * 86_400_000,
      skewMs: 60_000,
      noEnd: 'accept',
      shortLivedMs: 86_400_000,
    },
    chain: { lengthMin: 2, lengthMax: 3, at: 'leafNotBefore', nesting: 'optional' },
    serviceLifeMs: 15 * 365.25 * 86_400_000,
    families: ['ocpp'],
    severities: { 'cert.revocation': 'off', 'csr.challenge': 'error' },
  })
})

const faults = [
  {
    name: 'an unknown key',
    yaml: 'kyes: {}',
    said: 'meter.yaml:3:1: kyes: found the unknown key "kyes", expected perhaps "keys"',
  },
  {
    name: 'an unknown code',
    yaml: 'severities: { cert.sreial: off }',
    said: 'meter.yaml:3:15: severities.cert.sreial: found the unknown key "cert.sreial", expected perhaps "cert.serial"',
  },
  {
    name: 'a key of no kind',
    yaml: 'keys:\n  kinds: [P-192]',
    said: 'meter.yaml:4:11: keys.kinds[0]: found "P-192", expected one of P-256, P-384, P-521, Ed25519, RSA',
  },
  {
    name: 'less than the core verifies',
    yaml: 'keys: { rsa_bits_min: 1024 }',
    said: 'meter.yaml:3:23: keys.rsa_bits_min: found 1024, expected a whole number from 2048 to 8192',
  },
  {
    name: 'bounds in the wrong order',
    yaml: 'keys: { rsa_bits_min: 4096, rsa_bits_max: 2048 }',
    said: 'meter.yaml:3:43: keys.rsa_bits_max: expected at least rsa_bits_min',
  },
  {
    name: 'a life that is no duration',
    yaml: 'service_life: long',
    said: 'meter.yaml:3:15: service_life: found "long", expected a duration with units, like 30d, 12h, 5m, 10s, 250ms or 1d12h, or years like 15y',
  },
]

test.each(faults)('$name is told with its line', ({ yaml, said }) => {
  const read = parseProfile(`${head}${yaml}\n`, 'meter.yaml')
  expect(read.ok ? 'no fault' : read.error).toBe(said)
})
