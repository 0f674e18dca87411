import { expect, test } from 'vitest'
import { parseSpiffeId, principalOf, workloadOf } from '#shared/authorization/spiffe-id.ts'

const good = [
  { text: 'spiffe://fleet.example', principal: 'fleet.example' },
  { text: 'spiffe://fleet.example/car/car-1', principal: 'fleet.example/car/car-1' },
  { text: 'spiffe://1.2.3.4/A/_b/...', principal: '1.2.3.4/A/_b/...' },
  { text: `spiffe://${'a'.repeat(255)}/b`, principal: `${'a'.repeat(255)}/b` },
  { text: `spiffe://a/${'b'.repeat(2037)}`, principal: `a/${'b'.repeat(2037)}` },
]

test.each(good)('$text', ({ text, principal }) => {
  const id = parseSpiffeId(text)
  expect(id.ok && principalOf(id.value)).toBe(principal)
})

const bad = [
  { name: 'nothing', text: '' },
  { name: 'another scheme', text: 'https://fleet.example/a' },
  { name: 'a scheme in upper case', text: 'SPIFFE://fleet.example/a' },
  { name: 'no trust domain', text: 'spiffe:///a' },
  { name: 'nothing behind the scheme', text: 'spiffe://' },
  { name: 'a trust domain in upper case', text: 'spiffe://Fleet.example/a' },
  { name: 'a port', text: 'spiffe://fleet.example:443/a' },
  { name: 'a user', text: 'spiffe://me@fleet.example/a' },
  { name: 'a percent in the trust domain', text: 'spiffe://fleet%2eexample/a' },
  { name: 'a trust domain of 256 characters', text: `spiffe://${'a'.repeat(256)}/b` },
  { name: 'a slash at the end', text: 'spiffe://fleet.example/a/' },
  { name: 'a slash alone', text: 'spiffe://fleet.example/' },
  { name: 'an empty segment', text: 'spiffe://fleet.example/a//b' },
  { name: 'a dot', text: 'spiffe://fleet.example/./a' },
  { name: 'two dots', text: 'spiffe://fleet.example/a/..' },
  { name: 'a percent', text: 'spiffe://fleet.example/a%2Fb' },
  { name: 'a query', text: 'spiffe://fleet.example/a?b' },
  { name: 'a fragment', text: 'spiffe://fleet.example/a#b' },
  { name: 'a character beyond ASCII', text: 'spiffe://fleet.example/ä' },
  { name: 'a line end behind', text: 'spiffe://fleet.example/a\n' },
  { name: '2049 bytes', text: `spiffe://a/${'b'.repeat(2038)}` },
]

test.each(bad)('no ID: $name', ({ text }) => {
  expect(parseSpiffeId(text).ok).toBe(false)
})

const workloads = [
  { text: 'spiffe://td/ns/prod/sa/api', workload: { namespace: 'prod', serviceAccount: 'api' } },
  { text: 'spiffe://td/ns/prod/sa/api/more', workload: undefined },
  { text: 'spiffe://td/ns/prod/sa', workload: undefined },
  { text: 'spiffe://td/xx/prod/sa/api', workload: undefined },
  { text: 'spiffe://td/ns/prod/xx/api', workload: undefined },
  { text: 'spiffe://td/sa/api/ns/prod', workload: undefined },
  { text: 'spiffe://td/car/car-1', workload: undefined },
  { text: 'spiffe://td', workload: undefined },
]

test.each(workloads)('the workload of $text', ({ text, workload }) => {
  const id = parseSpiffeId(text)
  expect(id.ok && workloadOf(id.value)).toEqual(workload)
})
