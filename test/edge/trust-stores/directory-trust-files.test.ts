import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { directoryTrustFiles } from '#edge/trust-stores/directory-trust-files.ts'
import type { TrustFiles } from '#edge/trust-stores/trust-files.ts'
import { toUtf8 } from '#shared/bytes.ts'

let directory: string
let files: TrustFiles

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-files-'))
  files = directoryTrustFiles(directory)
})
afterEach(() => rm(directory, { recursive: true }))

const inside = (name: string): string => join(directory, name)

async function names(): Promise<string[]> {
  return (await files.list()).map(({ name }) => name).toSorted()
}

async function versionOfAnchors(): Promise<string | undefined> {
  const listed = await files.list()
  return listed.find(({ name }) => name === 'anchors.pem')?.version
}

test('the files of a trust store, and no others', async () => {
  await mkdir(inside('crl/nested.crl'), { recursive: true })
  for (const name of ['anchors.pem', 'intermediates.pem', 'crl/a.crl', 'README', 'key.pem']) {
    await writeFile(inside(name), name)
  }
  expect(await names()).toEqual(['anchors.pem', 'crl/a.crl', 'intermediates.pem'])
  expect(await files.read('crl/a.crl')).toEqual(toUtf8('crl/a.crl'))
})

test('without revocation lists there is no crl/', async () => {
  await writeFile(inside('anchors.pem'), 'a')
  expect(await names()).toEqual(['anchors.pem'])
})

test('a directory that is missing is no empty trust store', async () => {
  await expect(directoryTrustFiles(inside('nowhere')).list()).rejects.toThrow('ENOENT')
})

test('links are followed, as mounted secrets are links; one that leads nowhere is no file', async () => {
  await mkdir(inside('..data'))
  await writeFile(inside('..data/anchors.pem'), 'linked')
  await symlink('..data/anchors.pem', inside('anchors.pem'))
  await symlink('..data/nowhere', inside('intermediates.pem'))
  expect(await names()).toEqual(['anchors.pem'])
  expect(await files.read('anchors.pem')).toEqual(toUtf8('linked'))
})

test('a file that has gone since it was listed', async () => {
  expect(await files.read('anchors.pem')).toBeUndefined()
})

test.each(['README', '../anchors.pem', '/etc/hostname', 'crl/../README', ''])(
  'no name leads out: "%s"',
  async (name) => {
    await writeFile(inside('README'), 'not for trust')
    expect(await files.read(name)).toBeUndefined()
  },
)

test('the version changes with the content, whatever its size and date', async () => {
  const date = new Date('2026-01-01T00:00:00Z')
  const versions = new Set<string | undefined>()
  for (const content of ['one', 'two', 'one']) {
    await writeFile(inside('anchors.pem'), content)
    await utimes(inside('anchors.pem'), date, date)
    versions.add(await versionOfAnchors())
  }
  await writeFile(inside('next'), 'six')
  await utimes(inside('next'), date, date)
  await rename(inside('next'), inside('anchors.pem'))
  versions.add(await versionOfAnchors())
  expect(versions.size).toBe(4)
  expect(await versionOfAnchors()).toBe(await versionOfAnchors())
})
