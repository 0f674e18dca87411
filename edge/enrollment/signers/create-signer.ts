import type { Clock } from '#shared/time.ts'
import type { CaSettings } from '../ca-settings.ts'
import type { Signer } from '../signer.ts'
import type { AskCa } from './ask-ca.ts'
import { createEstSigner } from './est-ca.ts'
import { createKeySigner } from './key-signer.ts'
import { createStepCaSigner } from './step-ca.ts'

/** The signer of a CA as it is configured. */
export function createSigner(settings: CaSettings, ask: AskCa, clock: Clock): Signer {
  switch (settings.kind) {
    case 'key':
      return createKeySigner(settings.authority, settings.template)
    case 'step-ca':
      return createStepCaSigner(settings, ask, clock)
    case 'est':
      return createEstSigner(settings, ask)
  }
}
