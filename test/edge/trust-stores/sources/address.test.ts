import { describe, expect, test } from 'vitest'
import {
  checkAddress,
  isPublicAddress,
  readOpenHosts,
  shownAddress,
} from '#edge/trust-stores/sources/address.ts'

/** Spellings of places that nobody may be sent to, each with the word that says why. */
const refused = [
  ['loopback', 'http://127.0.0.1/', 'not a public address'],
  ['loopback, another of its addresses', 'http://127.255.255.254/', 'not a public address'],
  ['loopback, short', 'http://127.1/', 'not a public address'],
  ['loopback, three parts', 'http://127.0.1/', 'not a public address'],
  ['loopback, one number', 'http://2130706433/', 'not a public address'],
  ['loopback, hexadecimal', 'http://0x7f000001/', 'not a public address'],
  ['loopback, hexadecimal parts', 'http://0x7f.0x0.0x0.0x1/', 'not a public address'],
  ['loopback, octal', 'http://0177.0.0.1/', 'not a public address'],
  ['loopback, octal number', 'http://017700000001/', 'not a public address'],
  ['loopback, mixed', 'http://0x7f.1/', 'not a public address'],
  ['loopback, wide digits', 'http://１２７.０.０.１/', 'not a public address'],
  ['loopback, circled digits', 'http://①②⑦.⓪.⓪.①/', 'not a public address'],
  ['loopback, ideographic full stops', 'http://127。0。0。1/', 'not a public address'],
  ['loopback, percent signs', 'http://%31%32%37.0.0.1/', 'not a public address'],
  ['loopback, a dot at the end', 'http://127.0.0.1./', 'not a public address'],
  ['loopback, backslashes', String.raw`http:\\127.0.0.1\x`, 'not a public address'],
  ['loopback, no slashes', 'http:127.0.0.1', 'not a public address'],
  ['loopback, tabs and line ends', 'http://127.0\t.0\n.1/', 'not a public address'],
  ['loopback, upper-case scheme', 'HTTP://127.0.0.1/', 'not a public address'],
  ['loopback behind a public name as user', 'http://crl.example.com@127.0.0.1/', 'user name'],
  ['loopback behind a fragment', 'http://127.0.0.1#crl.example.com/', 'not a public address'],
  ['this host', 'http://0.0.0.0/', 'not a public address'],
  ['this host, zero', 'http://0/', 'not a public address'],
  ['private 10/8', 'http://10.1.2.3/', 'not a public address'],
  ['private 172.16/12, first', 'http://172.16.0.0/', 'not a public address'],
  ['private 172.16/12, last', 'http://172.31.255.255/', 'not a public address'],
  ['private 192.168/16', 'http://192.168.0.1/', 'not a public address'],
  ['shared (carrier-grade NAT), first', 'http://100.64.0.0/', 'not a public address'],
  ['shared (carrier-grade NAT), last', 'http://100.127.255.255/', 'not a public address'],
  ['metadata of AWS, Azure, Google', 'http://169.254.169.254/latest/', 'not a public address'],
  ['metadata, one number', 'http://2852039166/', 'not a public address'],
  ['metadata, hexadecimal', 'http://0xa9fea9fe/', 'not a public address'],
  ['metadata of ECS tasks', 'http://169.254.170.2/v2/', 'not a public address'],
  ['metadata of Alibaba', 'http://100.100.100.200/', 'not a public address'],
  ['metadata of Oracle', 'http://192.0.0.192/', 'not a public address'],
  ['Azure’s platform address', 'http://168.63.129.16/', 'not a public address'],
  ['benchmarking', 'http://198.19.0.1/', 'not a public address'],
  ['documentation', 'http://203.0.113.9/', 'not a public address'],
  ['multicast', 'http://224.0.0.1/', 'not a public address'],
  ['reserved', 'http://240.0.0.1/', 'not a public address'],
  ['broadcast', 'http://255.255.255.255/', 'not a public address'],
  ['IPv6 loopback', 'http://[::1]/', 'not a public address'],
  ['IPv6 loopback, in full', 'http://[0:0:0:0:0:0:0:1]/', 'not a public address'],
  ['IPv6 unspecified', 'http://[::]/', 'not a public address'],
  ['IPv4-mapped loopback', 'http://[::ffff:127.0.0.1]/', 'not a public address'],
  ['IPv4-mapped loopback, hexadecimal', 'http://[::ffff:7f00:1]/', 'not a public address'],
  ['IPv4-mapped public address', 'http://[::ffff:8.8.8.8]/', 'not a public address'],
  ['IPv4-compatible', 'http://[::127.0.0.1]/', 'not a public address'],
  ['IPv4-translated (NAT64)', 'http://[64:ff9b::7f00:1]/', 'not a public address'],
  ['6to4 of a private address', 'http://[2002:0a00:0001::]/', 'not a public address'],
  ['Teredo', 'http://[2001:0:4136:e378::1]/', 'not a public address'],
  ['IPv6 link-local', 'http://[fe80::1]/', 'not a public address'],
  ['IPv6 unique local', 'http://[fd12::1]/', 'not a public address'],
  ['metadata of AWS over IPv6', 'http://[fd00:ec2::254]/', 'not a public address'],
  ['IPv6 multicast', 'http://[ff02::1]/', 'not a public address'],
  ['IPv6 documentation', 'http://[2001:db8::1]/', 'not a public address'],
  ['IPv6 documentation, the new one', 'http://[3fff::1]/', 'not a public address'],
  ['localhost', 'http://localhost/', 'local network'],
  ['localhost, upper case', 'http://LOCALHOST/', 'local network'],
  ['localhost, a dot at the end', 'http://localhost./', 'local network'],
  ['a name under localhost', 'http://crl.localhost/', 'local zone'],
  ['a name without a dot', 'http://metadata/', 'local network'],
  ['metadata of Google by name', 'http://metadata.google.internal/', 'local zone'],
  ['the same, a dot at the end', 'http://metadata.google.internal./', 'local zone'],
  ['a printer', 'http://printer.local/', 'local zone'],
  ['a router at home', 'http://router.home.arpa/', 'local zone'],
  ['a port that is not the web’s', 'http://crl.example.com:8080/', 'port 8080'],
  ['http on the port of https', 'http://crl.example.com:443/', 'port 443'],
  ['a database’s port', 'https://crl.example.com:6379/', 'port 6379'],
  ['a user name', 'https://root@crl.example.com/', 'user name'],
  ['a password', 'https://root:secret@crl.example.com/', 'user name'],
  ['a file', 'file:///etc/passwd', 'not file'],
  ['LDAP, as old CAs have it', 'ldap://ldap.example.com/cn=crl', 'not ldap'],
  ['FTP', 'ftp://ftp.example.com/a.crl', 'not ftp'],
  ['data', 'data:text/plain,hello', 'not data'],
  ['a path alone', '/a.crl', 'expected an absolute'],
  ['nothing', '', 'expected an absolute'],
  ['a part of an address above 255', 'http://256.1.1.1/', 'expected an absolute'],
  ['longer than any address', `https://crl.example.com/${'a'.repeat(2048)}`, 'at most 2048'],
] as const

test.each(refused)('%s: %s is refused: %s', (_name, address, because) => {
  const checked = checkAddress(address)
  expect(checked.ok ? 'taken' : checked.error).toContain(because)
})

test.each([
  'http://crl.example.com/root.crl',
  'https://crl.example.com/root.crl?token=1',
  'https://crl.example.com:443/root.crl',
  'http://crl.example.com:80/root.crl',
  'http://172.15.255.255/last-before-private.crl',
  'http://172.32.0.0/first-after-private.crl',
  'http://100.63.255.255/',
  'http://100.128.0.0/',
  'http://8.8.8.8/a.crl',
  'http://[2606:4700::1111]/a.crl',
  'http://[2001:4860:4860::8888]/a.crl',
  'http://internal.example.com/a.crl',
])('%s is taken', (address) => {
  expect(checkAddress(address).ok).toBe(true)
})

describe('hosts that the deployment opens', () => {
  const open = readOpenHosts(' crl.plant.internal, 10.0.0.7:8080 ,')

  test.each([
    ['http://crl.plant.internal/a.crl', true],
    ['http://crl.plant.internal:8080/a.crl', false],
    ['http://10.0.0.7:8080/a.crl', true],
    ['http://0xa.7:8080/a.crl', true],
    ['http://10.0.0.7/a.crl', false],
    ['http://10.0.0.8:8080/a.crl', false],
    ['http://a.crl.plant.internal/a.crl', false],
    ['http://user@crl.plant.internal/a.crl', false],
    ['file://crl.plant.internal/a.crl', false],
  ])('%s: %s', (address, isTaken) => {
    expect(checkAddress(address, open).ok).toBe(isTaken)
  })
})

/** As a resolver tells them. */
test.each([
  ['8.8.8.8', true],
  ['2606:4700::1111', true],
  ['::ffff:10.0.0.1', false],
  ['fe80::1%eth0', false],
  ['010.0.0.1', false],
  ['10.0.0', false],
  ['', false],
  ['crl.example.com', false],
])('a resolver says %s: %s', (address, isPublic) => {
  expect(isPublicAddress(address)).toBe(isPublic)
})

test('what follows a question mark is shown to nobody', () => {
  expect(shownAddress('https://crl.example.com/a.crl?sig=s3cret\n&x=1')).toBe(
    'https://crl.example.com/a.crl?…',
  )
})
