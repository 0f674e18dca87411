import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { directoryObjects } from '#edge/trust-stores/managed/node-objects.ts'
import { loadObject, storeObject } from '#edge/trust-stores/managed/objects.ts'
import { toUtf8 } from '#shared/bytes.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-objects-'))
})
afterEach(() => rm(directory, { recursive: true }))

test('an object is there for the next process, under its digest and nothing else', async () => {
  const name = await storeObject(directoryObjects(directory), toUtf8('a list'))
  expect(await loadObject(directoryObjects(directory), name)).toEqual(toUtf8('a list'))
  expect((await readdir(directory)).toSorted()).toEqual([name, 'unfinished'].toSorted())
  expect(await readdir(join(directory, 'unfinished'))).toEqual([])
})

test('what is stored twice is there once, also by two at a time', async () => {
  const objects = directoryObjects(directory)
  const stored = await Promise.all([1, 2].map(() => storeObject(objects, toUtf8('a list'))))
  expect(new Set(stored).size).toBe(1)
  expect(await readdir(directory)).toHaveLength(2)
})

test('what a crash left half written has no name, and is swept away', async () => {
  await mkdir(join(directory, 'unfinished'))
  await writeFile(join(directory, 'unfinished', 'half'), 'a li')
  directoryObjects(directory)
  expect(await readdir(join(directory, 'unfinished'))).toEqual([])
})

test.each(['../../etc/passwd', 'unfinished', '', 'A'.repeat(64), 'a'.repeat(63)])(
  'no name but a digest leads to a file: %j',
  async (name) => {
    const objects = directoryObjects(directory)
    expect(await objects.get(name)).toBeUndefined()
    await expect(objects.put(name, toUtf8('x'))).rejects.toThrow('is no name of an object')
  },
)

test('an object that is not there is undefined', async () => {
  expect(await directoryObjects(directory).get('0'.repeat(64))).toBeUndefined()
})
