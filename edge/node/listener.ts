import { createApp } from '../app.ts'
import { faultSentence, type ConfiguredApp } from '../configured-app.ts'
import { readListener } from '../config.ts'
import type { Ports } from '../context.ts'
import type { ListenerSettings } from '../control/listeners.ts'
import type { FetchHandler } from '../fetch.ts'
import {
  heldWhile,
  isSameVersion,
  overruledVariables,
  variablesUnder,
  withRenamedHeaders,
} from '../followed-listener.ts'
import type { NodeFollowedListener } from './followed.ts'
import { problemDocument, problemId } from '../observe/problem.ts'
import { createPorts, runtimeRandom, type PortsOptions } from '../ports.ts'
import type { HeldTrustStore } from '../trust-stores/held-trust-store.ts'
import type { ListenerVariables } from '../variables.ts'

/** An app that is made anew as its listener changes; `listener` and `ports` are those of its start. */
export interface FollowedApp extends Omit<ConfiguredApp, 'app'> {
  readonly app: FetchHandler
}

interface Made {
  readonly settings: ListenerSettings
  readonly configured: ConfiguredApp
  /** As it was followed, of the settings' name. */
  readonly trustStore: HeldTrustStore
}

/** A listener that verifies nothing has none, and whatever verifies all the same lets nobody in. */
const noTrustStore: HeldTrustStore = { current: async () => undefined }

/**
 * The edge app of a listener of the control plane: mode, trust store, leave for expired certificates and
 * header names are its word, all else the variables'. Throws an Error that names the variable at fault,
 * or says that there is no such listener; later both are a problem document, and nobody is let in.
 */
export async function followedApp(
  variables: ListenerVariables & { readonly TRUST_STORE?: string },
  followed: NodeFollowedListener,
  options: Omit<PortsOptions, 'trustFiles'>,
): Promise<FollowedApp> {
  const overruled = overruledVariables(variables)
  if (overruled.length > 0) throw new Error(`${overruled.join(', ')}: LISTENER says it already`)
  const settings = await followed.listener.current()
  if (settings === undefined) {
    throw new Error(`the control plane gave no listener ${followed.name}`)
  }
  const making = { variables, followed, options }
  let made = await make(making, settings, undefined)
  const app: FetchHandler = {
    async fetch(request) {
      const now = await followed.listener.current()
      if (now === undefined) return refusal('trust_store_unavailable')
      if (isSameVersion(made.settings, now)) return made.configured.app.fetch(request)
      try {
        made = await make(making, now, made)
      } catch (error) {
        return refusal('misconfigured', (id) => followed.report(`problem ${id}: ${String(error)}`))
      }
      return made.configured.app.fetch(request)
    },
  }
  const { listener, ports } = made.configured
  const trustStore = { current: () => made.trustStore.current() }
  return { app, listener, ports: { ...ports, trustStore } }
}

interface Making {
  readonly variables: ListenerVariables
  readonly followed: NodeFollowedListener
  readonly options: Omit<PortsOptions, 'trustFiles'>
}

/** @param before whose caches, counters and trust store go on */
async function make(
  { variables, followed, options }: Making,
  settings: ListenerSettings,
  before: Made | undefined,
): Promise<Made> {
  const read = await readListener(variablesUnder(variables, settings))
  if (!read.ok) throw new Error(faultSentence(read.error))
  const listener = withRenamedHeaders(read.value, settings.renamed)
  const common: Ports =
    before?.configured.ports ??
    createPorts(listener, { ...options, openTrustStore: () => noTrustStore })
  const trustStore =
    storeOf(settings, before) ?? followed.openTrustStore(settings.trustStore ?? '', listener)
  const held = heldWhile(trustStore, settings, followed.listener)
  const ports = { ...common, trustStore: held }
  return { settings, configured: { app: createApp(listener, ports), listener, ports }, trustStore }
}

/** The one at hand where it is the same, and none where none is named. */
function storeOf(
  { trustStore: name }: ListenerSettings,
  before: Made | undefined,
): HeldTrustStore | undefined {
  if (name === undefined) return noTrustStore
  return before?.settings.trustStore === name ? before.trustStore : undefined
}

function refusal(
  code: 'trust_store_unavailable' | 'misconfigured',
  tell?: (id: string) => void,
): Response {
  const id = problemId(runtimeRandom)
  tell?.(id)
  return problemDocument({ code, id })
}
