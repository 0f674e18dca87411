import { z } from 'zod'
import { scenarioSchema } from './schema.ts'

/**
 * The JSON Schema (2020-12) of a scenario file as it is written, for editors. What binds one part of
 * a scenario to another it cannot say: `sallyport scenario check` does.
 */
export function scenarioJsonSchema(): string {
  const schema = z.toJSONSchema(scenarioSchema, { io: 'input' })
  return `${JSON.stringify({ title: 'Sallyport scenario', ...schema }, undefined, 2)}\n`
}
