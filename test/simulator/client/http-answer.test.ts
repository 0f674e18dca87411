import { expect, test } from 'vitest'
import { err, ok } from '#shared/result.ts'
import { readHttpAnswer } from '#simulator/engine/client/http-answer.ts'

const crlf = (text: string): Buffer => Buffer.from(text.replaceAll('\n', '\r\n'))

/** What is read: status and body, `more`, or what is wrong. */
function read(octets: Buffer, ended = false): unknown {
  const answer = readHttpAnswer(octets, ended)
  if (!answer.ok) return answer
  if (answer.value === undefined) return 'more'
  const { status, body, used } = answer.value
  return [status, body.toString(), used === octets.length]
}

const head = 'HTTP/1.1 200 OK\n'

test.each([
  ['nothing yet', '', 'more'],
  ['half a head', `${head}content-le`, 'more'],
  ['a length', `${head}Content-Length: 2\n\nok`, [200, 'ok', true]],
  ['a byte short', `${head}content-length: 3\n\nok`, 'more'],
  ['a byte of the next answer', `${head}content-length: 1\n\nok`, [200, 'o', false]],
  ['no body by status', 'HTTP/1.1 204 No Content\n\n', [204, '', true]],
  ['an interim answer', 'HTTP/1.1 103 Early Hints\n\n', [103, '', true]],
  ['chunks', `${head}transfer-encoding: chunked\n\n2\nok\n1;x=y\n!\n0\n\n`, [200, 'ok!', true]],
  ['a chunk short', `${head}transfer-encoding: chunked\n\n2\nok\n`, 'more'],
  ['no reason phrase', 'HTTP/1.1 403\ncontent-length: 0\n\n', [403, '', true]],
])('%s', (_, text, expected) => {
  expect(read(crlf(text))).toEqual(expected)
})

test.each([
  ['up to the end of the connection', false, 'more'],
  ['up to the end of the connection, which has come', true, [200, 'ok', true]],
])('a body %s', (_, ended, expected) => {
  expect(read(crlf(`${head}\nok`), ended)).toEqual(expected)
})

test.each([
  ['another protocol', 'SSH-2.0-x\n\n', 'a status line that is none'],
  ['a length that is none', `${head}content-length: -1\n\n`, 'a body that is too long'],
  ['a length over a megabyte', `${head}content-length: 1048577\n\n`, 'a body that is too long'],
  [
    'a chunk length that is none',
    `${head}transfer-encoding: chunked\n\nzz\n`,
    'a chunk without a length',
  ],
])('%s is an error', (_, text, error) => {
  expect(read(crlf(text))).toEqual(err(error))
})

test('a head ends at 64 KiB', () => {
  expect(readHttpAnswer(Buffer.alloc(65_536, 'a'), false)).toEqual(ok(undefined))
  expect(readHttpAnswer(Buffer.alloc(65_537, 'a'), false)).toEqual(
    err('a head of more than 64 KiB'),
  )
})
