import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { catalogue } from '#shared/enrollment/catalogue.ts'
import { profiles } from '#shared/enrollment/profile.ts'
import { instantFromIso } from '#shared/time.ts'
import { createItemChecker, type CheckedItem } from '#simulator/commands/onboard/check-item.ts'
import { writeCorpus, type Manifest } from '#simulator/commands/onboard/corpus/write-corpus.ts'
import { readDenyList } from '#simulator/commands/onboard/deny-list.ts'
import { readItems } from '#simulator/commands/onboard/read-items.ts'

/*
 * Every file of the corpus is found by the codes that its manifest says, all of them and no other: a
 * fault that hides another would be one too few, a false alarm one too many.
 */

const now = instantFromIso('2026-11-22T12:00:00Z')
let directory = ''
let manifest: Manifest
const found = new Map<string, readonly CheckedItem[]>()

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'corpus-'))
  manifest = await writeCorpus(directory, now)
  const isDenied = await readDenyList(join(directory, manifest.denyList))
  for (const name of new Set(manifest.cases.map(({ profile }) => profile))) {
    const check = createItemChecker({ profile: profiles[name], now, isDenied })
    for await (const item of readItems(join(directory, name), 'by-name')) {
      if ('error' in item) throw new Error(`${item.file}:${item.line}: ${item.error}`)
      const file = item.file.slice(directory.length + 1)
      found.set(file, [...(found.get(file) ?? []), await check(item)])
    }
  }
}, 60_000)

afterAll(() => rm(directory, { recursive: true, force: true }))

function codesOf(file: string): readonly string[] {
  const findings = found.get(file)?.flatMap((each) => each.findings) ?? []
  return [...new Set(findings.map(({ code }) => code))].toSorted()
}

test('each file is one item, found by its codes and no other', () => {
  const wanted = manifest.cases.map(({ file, expects }) => [file, [...expects].toSorted()])
  const got = manifest.cases.map(({ file }) => [file, codesOf(file)])
  expect(got).toEqual(wanted)
  expect(manifest.cases.map(({ file }) => found.get(file)?.length)).toEqual(
    manifest.cases.map(() => 1),
  )
})

test('files are as many as the manifest says, beside its own three', async () => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  expect(files).toHaveLength(manifest.cases.length + 3)
})

/** What no file by itself can show: two certificates of a re-enrolment, and a service life that a profile tells. */
const notOfFiles = ['csr.sameSubject', 'chain.horizon']

test('every code of the catalogue has a case', () => {
  const expected = new Set<string>(manifest.cases.flatMap(({ expects }) => expects))
  const without = Object.keys(catalogue).filter((code) => !expected.has(code))
  expect(without).toEqual(notOfFiles)
})
