import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { noOpenssl } from '../../installed.ts'
import {
  buildGoParser,
  caKinds,
  certtool,
  folderOf,
  go,
  issueMany,
  openssl,
  type Issued,
} from './issued.ts'

/*
 * What others say of the certificates that the built-in CA issues. `node test/interop/est/main.ts` asks
 * them about ten thousand.
 */

const noCerttool = spawnSync('certtool', ['--version'], { stdio: 'ignore' }).error !== undefined
const noGo = spawnSync('go', ['version'], { stdio: 'ignore' }).error !== undefined

/** GnuTLS is asked about one at a time. */
const askedOneByOne = 6
const count = 42

const goParser = noGo ? undefined : buildGoParser()

afterAll(() => {
  if (goParser !== undefined) rmSync(goParser.folder, { recursive: true })
})

describe.each(caKinds)('certificates of a CA of %s', (kind) => {
  let issued: Issued
  let folder = ''
  let files: string[] = []

  beforeAll(async () => {
    issued = await issueMany(kind, count)
    const written = folderOf(issued)
    folder = written.folder
    files = written.files
  })

  afterAll(() => rmSync(folder, { recursive: true }))

  test.skipIf(noOpenssl)('OpenSSL, under -x509_strict', () => {
    expect(openssl(folder, files)).toEqual({ good: count, objections: [] })
  })

  test.skipIf(noCerttool)('GnuTLS', () => {
    const some = files.slice(0, askedOneByOne)
    expect(certtool(folder, some)).toEqual({ good: askedOneByOne, objections: [] })
  })

  test.skipIf(goParser === undefined)('Go', () => {
    const opinion = go(goParser?.program ?? '', folder, issued.certificates)
    expect(opinion).toEqual({ good: count, objections: [] })
  })
})

test.skipIf(noOpenssl)('OpenSSL objects where there is something to object to', async () => {
  const issued = await issueMany('P-256', 1)
  const { folder, files } = folderOf({ ...issued, ca: (await issueMany('P-256', 1)).ca })
  const { good, objections } = openssl(folder, files)
  rmSync(folder, { recursive: true })
  expect([good, objections.length > 0]).toEqual([0, true])
})
