import type { DeviceProfile } from '../device/profile.ts'
import type { OpenSession } from '../device/state.ts'
import type { Intent, Observation } from '../oracle/attempt.ts'
import type { Answer, HttpsLine, MqttLine } from './door.ts'

/** A cookie, and which certificate it was issued to. */
export interface HeldCookie {
  readonly cookie: string
  readonly serial: string
}

/** Posts what a device has to tell, with the cookie that it has and whatever else it says of itself. */
export function postTelemetry(
  line: HttpsLine,
  profile: DeviceProfile,
  cookie: HeldCookie | undefined,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const json = { ...headers, 'content-type': 'application/json' }
  return line.request({
    method: 'POST',
    path: `/telemetry/${profile.kind}`,
    headers: cookie === undefined ? json : { ...json, cookie: cookie.cookie },
    body: bodyOf(profile),
  })
}

/** Publishes the same as a message of an open session. */
export function publishTelemetry(line: MqttLine, profile: DeviceProfile): Promise<Observation> {
  return line.publish(`fleet/${profile.id}/telemetry`, bodyOf(profile))
}

/** JSON of the fleet's size: blanks behind it are part of it (RFC 8259 section 2). */
function bodyOf({ fleet }: DeviceProfile): string {
  const { bodyBytes } = fleet.traffic
  const least = '{"ok":true}'
  return (bodyBytes < least.length ? '{}' : least).padEnd(bodyBytes)
}

/** Why a device opens a session. */
export function intentOf({ purpose }: OpenSession): Intent {
  return purpose === 'revoked_goes_on' ? 'revoked_goes_on' : 'regular'
}
