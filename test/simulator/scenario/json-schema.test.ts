import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { scenarioJsonSchema } from '#simulator/scenario/json-schema.ts'
import { scenarioOf } from './minimal.ts'

const folder = 'simulator/scenarios'
const shipped = readdirSync(folder).filter((name) => name.endsWith('.yaml'))

test('the schema that is shipped is the one that files are read by', async () => {
  await expect(scenarioJsonSchema()).toMatchFileSnapshot(`../../../${folder}/scenario.schema.json`)
})

test('at least ten scenarios are shipped', () => {
  expect(shipped.length).toBeGreaterThanOrEqual(10)
})

test.each(shipped)('%s: a scenario by its own name, that editors find the schema of', (name) => {
  const text = readFileSync(`${folder}/${name}`, 'utf8')
  expect(text.split('\n')[0]).toBe('# yaml-language-server: $schema=scenario.schema.json')
  expect(`${scenarioOf(text).name}.yaml`).toBe(name)
})

test.each(shipped.filter((name) => name !== 'quickstart.yaml'))(
  '%s: names its source and asserts something that may fail',
  (name) => {
    const text = readFileSync(`${folder}/${name}`, 'utf8')
    const { assert } = scenarioOf(text)
    expect(text).toMatch(/^# Source: /m)
    expect(Object.keys(assert.atLeast).length).toBeGreaterThan(0)
  },
)
