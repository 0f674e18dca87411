import { profiles, type DeviceProfile } from '#shared/enrollment/profile.ts'

/** A profile of the project by its name; undefined where it has none of that name. */
export function namedProfile(name: string): DeviceProfile | undefined {
  const known: Readonly<Record<string, DeviceProfile>> = profiles
  return Object.hasOwn(profiles, name) ? known[name] : undefined
}
