import { instantFromMs } from '#shared/time.ts'
import { hourMs } from '../../../onboarding/plan.ts'

/** When the world of a fault begins: fixed, so that it is the same on every day. */
export const start = instantFromMs(Date.UTC(2026, 2, 1))

/** How long its certificates live. */
export const validityMs = 36 * hourMs
