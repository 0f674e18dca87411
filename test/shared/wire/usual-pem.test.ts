import { expect, test } from 'vitest'
import { decodeUsualBody, readUsualBlock } from '#shared/wire/usual-pem.ts'
import { encodePem } from '#shared/wire/pem.ts'

const octetsOf = (length: number) => Uint8Array.from({ length }, (_, at) => at & 0xff)
const plain = {
  begin: '-----BEGIN CERTIFICATE-----\n',
  end: '-----END CERTIFICATE-----\n',
  decode: (body: string) => decodeUsualBody(body, '\n'),
}

test.each([1, 2, 3, 47, 48, 49, 95, 96, 97, 771])('a block of %i octets is read', (length) => {
  const text = encodePem('CERTIFICATE', octetsOf(length))
  expect(readUsualBlock(text, 0, plain)).toEqual({ der: octetsOf(length), next: text.length })
})

const line = 'A'.repeat(64)

test.each([
  { name: 'nothing', body: '' },
  { name: 'an empty line', body: '\n' },
  { name: 'an empty line behind a full one', body: `${line}\n\n` },
  { name: 'an empty line before the last', body: `${line}\n\nAAAA\n` },
  { name: 'a line of 63 characters', body: `${line.slice(1)}\nAAAAA\n` },
  { name: 'a line of 65 characters', body: `${line}A\nAAA\n` },
  { name: 'no end of the last line', body: `${line}\nAAAA` },
  { name: 'a line end inside the last line', body: `${line}\nAA\nAA\n` },
  { name: 'another line end', body: `${line}\r\nAAAA\r\n` },
  { name: 'a space', body: `${line}\nAAA \n` },
  { name: 'padding left out', body: `${line}\nAA\n` },
  { name: 'padding inside', body: `${line.slice(2)}==\nAAAA\n` },
  { name: 'a bit too many', body: 'AB==\n' },
])('not as everybody spells it, and so left to others: $name', ({ body }) => {
  expect(plain.decode(body)).toBeUndefined()
})

test.each([
  { name: 'another block in front', text: `${plain.end}${plain.begin}AAAA\n${plain.end}` },
  { name: 'no end', text: `${plain.begin}AAAA\n` },
  { name: 'the end of another block', text: `${plain.begin}AAAA\n-----END X509 CRL-----\n` },
  { name: 'no line end behind it', text: `${plain.begin}AAAA\n-----END CERTIFICATE-----` },
])('$name', ({ text }) => {
  expect(readUsualBlock(text, 0, plain)).toBeUndefined()
})
