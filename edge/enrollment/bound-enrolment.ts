import { waitUntil } from 'cloudflare:workers'
import { runtimeFetch } from './signers/ask-ca.ts'
import type { EnrolmentPorts } from './ports.ts'
import type { EnrolmentSettings } from './settings.ts'
import { boundRegistry, type RegistryBindings } from './registry/registry-object.ts'

const report = (sentence: string): void => console.warn(sentence)

/** What a Worker's EST server needs, of its bindings; undefined where no registry is bound. */
export function boundEnrolment(
  env: RegistryBindings,
  { rules }: EnrolmentSettings,
): EnrolmentPorts | undefined {
  const registry = boundRegistry(env, undefined, { rules })
  if (registry === undefined) return undefined
  return { registry, askCa: runtimeFetch, report, background: waitUntil }
}
